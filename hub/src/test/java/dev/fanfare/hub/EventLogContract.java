package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.awaitility.Awaitility.await;

import dev.fanfare.stream.Event;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every {@link EventLog} keeps. A log's own test extends this and opens it. */
public abstract class EventLogContract {

    /** Whether to test at full size. */
    protected static final boolean LONG = Boolean.getBoolean("fanfare.long");

    /** Keeps all that these tests append. */
    protected static final Retention AMPLE = Retention.DEFAULT;

    private static final long SECONDS = 20;
    private static final int MUCH = 1 << 20;

    /** The time of the logs under test. */
    protected final TestClock clock = new TestClock(1_763_683_200_000L);

    private final List<EventLog> opened = new ArrayList<>();

    /** A new, empty log. */
    protected abstract EventLog open(Retention retention, InstantSource time);

    /** Gives a log the occasion to apply its retention, if it does not do so whenever it is used. */
    protected void retain(EventLog log) {}

    @AfterEach
    void closeLogs() {
        opened.forEach(EventLog::close);
    }

    // appending

    @Test
    void positionsIncreaseStrictlyAlsoWhenTheClockStepsBack() {
        EventLog log = log(AMPLE);
        long first = append(log, "a", "1");
        clock.advance(Duration.ofHours(-1));
        long second = append(log, "a", "2");
        long third = append(log, "a", "3");
        clock.advance(Duration.ofHours(2));
        long fourth = append(log, "a", "4");

        assertThat(List.of(first, second, third, fourth)).isSorted().doesNotHaveDuplicates();
        assertThat(Position.millis(fourth)).isEqualTo(clock.millis());
        assertThat(data(log, "a")).containsExactly("1", "2", "3", "4");
    }

    @Test
    void theTailIsTheNewestPosition() {
        EventLog log = log(AMPLE);
        assertThat(get(log.tail())).isEqualTo(get(log.size()).floor());
        long position = append(log, "a", "1");
        assertThat(get(log.tail())).isEqualTo(position);
    }

    @Test
    void aBatchGetsItsPositionsInItsOrder() {
        EventLog log = log(AMPLE);
        long[] positions = get(log.append(
                List.of(event("a", "1"), event("b", "2"), new TopicDeleted(Topic.of("c")), event("a", "3"))));

        assertThat(positions).hasSize(4).isSorted().doesNotHaveDuplicates();
        assertThat(read(log, "**"))
                .extracting(Stored::position)
                .containsExactly(positions[0], positions[1], positions[3]);
    }

    @Test
    void anEmptyAppendDoesNothing() {
        EventLog log = log(AMPLE);
        long tail = get(log.tail());
        assertThat(get(log.append(List.of()))).isEmpty();
        assertThat(get(log.tail())).isEqualTo(tail);
    }

    @Test
    void appendsAllOrNothing() {
        EventLog log = log(AMPLE);
        append(log, keyed("a", "1", "k"));
        List<Stored> followed = follow(log, get(log.tail()));

        assertRefused(
                log.append(List.of(event("a", "2"), event("b", "3"), keyed("a", "other", "k"))),
                AppendRefused.Reason.KEY_CONFLICT);

        assertThat(data(log, "**")).containsExactly("1");
        assertThat(followed).isEmpty();
        assertThat(get(log.size()).topics()).isEqualTo(1);
    }

    @Test
    void appendsOfOneThreadKeepTheirOrderAndFollowersHaveThemBeforeTheStageCompletes() throws InterruptedException {
        EventLog log = log(AMPLE);
        List<Stored> followed = new CopyOnWriteArrayList<>();
        Set<Long> given = ConcurrentHashMap.newKeySet();
        log.follow(
                get(log.tail()),
                entries -> entries.forEach(stored -> {
                    followed.add(stored);
                    given.add(stored.position());
                }));
        List<CompletableFuture<long[]>> stages = new CopyOnWriteArrayList<>();
        List<Long> late = new CopyOnWriteArrayList<>();
        int threads = 4;
        int each = LONG ? 5_000 : 500;

        List<Thread> publishers = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            String topic = "t" + t;
            Thread thread = new Thread(() -> {
                for (int i = 0; i < each; i++) {
                    stages.add(log.append(List.of(event(topic, Integer.toString(i))))
                            .toCompletableFuture()
                            .whenComplete((positions, failure) -> {
                                if (positions == null || !given.contains(positions[0])) {
                                    late.add(positions == null ? -1 : positions[0]);
                                }
                            }));
                }
            });
            publishers.add(thread);
            thread.start();
        }
        for (Thread thread : publishers) {
            thread.join();
        }
        stages.forEach(EventLogContract::get);

        assertThat(late).as("completed before the follower had them").isEmpty();
        assertThat(followed).hasSize(threads * each);
        assertThat(followed.stream().map(Stored::position).toList()).isSorted().doesNotHaveDuplicates();
        for (int t = 0; t < threads; t++) {
            Topic topic = Topic.of("t" + t);
            assertThat(followed.stream()
                            .filter(stored -> publication(stored).topic().equals(topic))
                            .map(stored ->
                                    Integer.parseInt(publication(stored).event().data()))
                            .toList())
                    .as("order of thread %d", t)
                    .isSorted();
        }
    }

    @Test
    void aFollowerBeginsAfterAPositionAndGetsFactsToo() {
        EventLog log = log(AMPLE);
        long first = append(log, "a", "1");
        append(log, "a", "2");
        List<Stored> followed = follow(log, first);
        append(log, "b", "3");
        get(log.append(List.of(new TopicDeleted(Topic.of("b")))));

        await().until(() -> followed.size() == 3);
        assertThat(followed).extracting(Stored::position).isSorted().allMatch(position -> position > first);
        assertThat(followed.get(2).entry()).isEqualTo(new TopicDeleted(Topic.of("b")));
    }

    @Test
    void aFollowerIsGivenAllThatIsAppendedThoughTheTopicKeepsLess() {
        EventLog log = log(perTopic(3));
        List<Stored> followed = new CopyOnWriteArrayList<>();
        List<Long> lost = new CopyOnWriteArrayList<>();
        log.follow(get(log.tail()), new EventLog.Follower() {
            @Override
            public void entries(List<Stored> entries) {
                followed.addAll(entries);
            }

            @Override
            public void lost(long position) {
                lost.add(position);
            }
        });
        List<Publication> ten = IntStream.range(0, 10)
                .mapToObj(i -> event("a", Integer.toString(i)))
                .toList();
        long[] positions = get(log.append(ten));
        for (int i = 10; i < 30; i++) {
            append(log, "a", Integer.toString(i));
        }

        assertThat(positions).hasSize(10);
        assertThat(dataOf(followed))
                .containsExactly(
                        IntStream.range(0, 30).mapToObj(Integer::toString).toArray(String[]::new));
        assertThat(lost).isEmpty();
        await().untilAsserted(() -> assertThat(data(log, "a")).containsExactly("27", "28", "29"));
        assertThat(get(log.size()).events()).isEqualTo(3);
    }

    @Test
    void anEventComesBackAsItWasPublished() {
        EventLog log = log(AMPLE);
        Publication publication = new Publication(
                List.of(Topic.of("a/ö"), Topic.of("b")),
                new Event("größe", "zwei\nZeilen €𝄞", "own-id", 1234),
                "a key");
        append(log, publication);

        Publication stored = publication(read(log, "a/ö").get(0));
        assertThat(stored.topics()).isEqualTo(publication.topics());
        assertThat(stored.event()).isEqualTo(publication.event());
    }

    // reading

    @Test
    void readsForwardInPagesWithoutLossOrRepetition() {
        EventLog log = log(AMPLE);
        List<String> all = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            append(log, i % 2 == 0 ? "a" : "b", "e" + i);
            all.add("e" + i);
        }
        for (String[] selectors : new String[][] {{"a", "b"}, {"**"}}) {
            for (int events : new int[] {1, 3, 24, 25, 26}) {
                Reader reader = new Reader(log, Selection.of(selectors), Position.START);
                reader.readAll(events, MUCH);
                assertThat(reader.data())
                        .as("%d events a page of %s", events, List.of(selectors))
                        .isEqualTo(all);
                assertThat(reader.largestPage).isLessThanOrEqualTo(events);
            }
        }
    }

    @Test
    void aPageEndsAtItsBytesButHasOneEventWhateverItsSize() {
        EventLog log = log(AMPLE);
        for (int i = 0; i < 5; i++) {
            append(log, "a", "x".repeat(10_000));
        }
        Page one = get(log.read(Reading.of(Selection.of("a"), Position.START, 100, 1)));
        assertThat(one.entries()).hasSize(1);
        assertThat(one.more()).isTrue();
        assertThat(one.scannedTo()).isEqualTo(one.entries().get(0).position());

        Page some = get(log.read(Reading.of(Selection.of("a"), Position.START, 100, 25_000)));
        assertThat(some.entries()).hasSizeBetween(2, 4);
    }

    @Test
    void whatIsScannedToIsTheTailWhenNothingMoreIsThere() {
        EventLog log = log(AMPLE);
        append(log, "a", "1");
        long tail = append(log, "b", "2");
        for (String selector : new String[] {"a", "*", "none", "none/*"}) {
            Page page = get(log.read(Reading.of(Selection.of(selector), Position.START, 10, MUCH)));
            assertThat(page.scannedTo()).as(selector).isEqualTo(tail);
            assertThat(page.more()).as(selector).isFalse();
        }
        Page atTail = get(log.read(Reading.of(Selection.of("a"), tail, 10, MUCH)));
        assertThat(atTail.entries()).isEmpty();
        assertThat(atTail.scannedTo()).isEqualTo(tail);
        assertThat(atTail.gap()).isNull();
    }

    @Test
    void anEventOfSeveralTopicsComesOnce() {
        EventLog log = log(AMPLE);
        append(log, new Publication(List.of(Topic.of("a"), Topic.of("b"), Topic.of("c/d")), Event.message("1"), null));
        append(log, "b", "2");

        assertThat(data(log, "a", "b", "c/*", "**")).containsExactly("1", "2");
        assertThat(data(log, "a", "b", "c/d")).containsExactly("1", "2");
        assertThat(data(log, "c/**")).containsExactly("1");
    }

    @Test
    void onlyTheTypesAskedForAreRead() {
        EventLog log = log(AMPLE);
        append(log, Publication.of("a", Event.of("red", "1")));
        append(log, Publication.of("a", Event.of("blue", "2")));
        append(log, Publication.of("a", Event.message("3")));

        Selection selection = new Selection(List.of(Selector.of("a")), Set.of("red", "message"));
        assertThat(new Reader(log, selection, Position.START).readAll(10, MUCH).data())
                .containsExactly("1", "3");
        Page newest = get(log.read(new Reading(
                new Selection(List.of(Selector.of("a")), Set.of("red", "blue")),
                0,
                0,
                10,
                MUCH,
                true,
                Reading.EVERY_GAP)));
        assertThat(dataOf(newest.entries())).containsExactly("2");
    }

    @Test
    void patternsAndExactTopicsReadWhatTheyMatch() {
        long seed = System.nanoTime();
        System.out.println("EventLogContract.patternsAndExactTopicsReadWhatTheyMatch seed " + seed);
        Random random = new Random(seed);
        EventLog log = log(AMPLE);
        List<Stored> all = new ArrayList<>();
        for (int i = 0; i < (LONG ? 3_000 : 300); i++) {
            List<Topic> topics = new ArrayList<>();
            for (int n = random.nextInt(3); n >= 0; n--) {
                topics.add(Topic.of(TestNames.topic(random)));
            }
            Publication publication =
                    new Publication(topics, Event.of(random.nextBoolean() ? "red" : "blue", "e" + i), null);
            all.add(new Stored(append(log, publication), publication));
        }
        for (int i = 0; i < (LONG ? 2_000 : 100); i++) {
            List<Selector> selectors = new ArrayList<>();
            for (int n = random.nextInt(3); n >= 0; n--) {
                selectors.add(Selector.of(TestNames.selector(random)));
            }
            Selection selection = new Selection(selectors, random.nextBoolean() ? Set.of() : Set.of("red"));
            long after = random.nextBoolean()
                    ? Position.START
                    : all.get(random.nextInt(all.size())).position();
            List<String> expected = all.stream()
                    .filter(stored -> stored.position() > after && selection.reads(publication(stored)))
                    .map(stored -> publication(stored).event().data())
                    .toList();

            Reader reader = new Reader(log, selection, after).readAll(1 + random.nextInt(100), MUCH);
            assertThat(reader.data())
                    .as("%s after %d, seed %d", selection, after, seed)
                    .isEqualTo(expected);
            assertThat(reader.gaps).isEmpty();
        }
    }

    // the newest

    @Test
    void theNewestOfEachTopicIsReadAndTheOthersAreCounted() {
        EventLog log = log(AMPLE);
        long begin = get(log.tail());
        append(log, "a", "a1");
        long b = append(log, "b", "b1");
        append(log, "a", "a2");
        append(log, "a", "a3");
        append(log, "other", "o");

        for (String[] selectors : new String[][] {{"a", "b"}, {"a", "b", "none/*"}, {"*"}}) {
            Selection selection = Selection.of(selectors);
            boolean pattern = selectors[0].equals("*");
            Page page = newest(log, selection, begin, 10, MUCH);
            assertThat(dataOf(page.entries())).isEqualTo(pattern ? List.of("b1", "a3", "o") : List.of("b1", "a3"));
            assertThat(page.skipped()).isEqualTo(2);
            assertThat(page.more()).isFalse();
            assertThat(page.scannedTo()).isEqualTo(get(log.tail()));

            Page after = newest(log, selection, b, 10, MUCH);
            assertThat(dataOf(after.entries())).isEqualTo(pattern ? List.of("a3", "o") : List.of("a3"));
            assertThat(after.skipped()).isEqualTo(1);
        }
    }

    @Test
    void theNewestAreReadInPages() {
        EventLog log = log(AMPLE);
        long after = get(log.tail());
        List<String> expected = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            for (int topic = 0; topic < 7; topic++) {
                append(log, "t/" + topic, round + "." + topic);
                if (round == 2) {
                    expected.add(round + "." + topic);
                }
            }
        }
        List<String> read = new ArrayList<>();
        long skipped = 0;
        Page page;
        do {
            page = newest(log, Selection.of("t/*"), after, 3, MUCH);
            read.addAll(dataOf(page.entries()));
            skipped += page.skipped();
            after = page.scannedTo();
        } while (page.more());
        assertThat(read).isEqualTo(expected);
        assertThat(skipped).isEqualTo(14);
    }

    @Test
    void anEventThatIsTheNewestOfOneOfItsTopicsIsAmongTheNewest() {
        EventLog log = log(AMPLE);
        append(log, new Publication(List.of(Topic.of("a"), Topic.of("b")), Event.message("both"), null));
        append(log, "a", "later");

        Page page = newest(log, Selection.of("a", "b"), Position.START, 10, MUCH);
        assertThat(dataOf(page.entries())).containsExactly("both", "later");
        assertThat(page.skipped()).isZero();
    }

    @Test
    void theNewestSoManyBeginAfterTheirPredecessor() {
        EventLog log = log(AMPLE);
        for (int i = 1; i <= 9; i++) {
            append(log, i % 3 == 0 ? "b" : "a", "e" + i);
        }
        append(log, new Publication(List.of(Topic.ALL), Event.message("to all"), null));

        assertThat(newestSoMany(log, Selection.of("a", "b"), 3)).containsExactly("e7", "e8", "e9", "to all");
        assertThat(newestSoMany(log, Selection.of("a"), 2)).containsExactly("e7", "e8", "to all");
        assertThat(newestSoMany(log, Selection.of("*"), 1)).containsExactly("e9", "to all");
        assertThat(newestSoMany(log, Selection.of("@all"), 1)).containsExactly("to all");
        assertThat(get(log.before(Selection.of("a"), 7))).isEqualTo(Position.START);
        assertThat(get(log.before(Selection.of("none"), 1))).isEqualTo(Position.START);
    }

    @Test
    void theNewestSoManyCountOnlyTheTypesAskedFor() {
        EventLog log = log(AMPLE);
        append(log, Publication.of("a", Event.of("red", "1")));
        append(log, Publication.of("a", Event.of("red", "2")));
        append(log, Publication.of("a", Event.of("blue", "3")));

        assertThat(newestSoMany(log, new Selection(List.of(Selector.of("a")), Set.of("red")), 1))
                .containsExactly("2");
    }

    // broadcasts

    @Test
    void broadcastsBelongToEverySelectionAfterTheirPosition() {
        EventLog log = log(AMPLE);
        append(log, new Publication(List.of(Topic.ALL), Event.message("early"), null));
        append(log, "a", "1");
        long middle = get(log.tail());
        append(log, new Publication(List.of(Topic.ALL), Event.message("late"), null));

        for (String selector : new String[] {"a", "*", "**"}) {
            Selection selection = Selection.of(selector);
            assertThat(broadcastsAfter(log, selection, Position.START))
                    .as(selector)
                    .containsExactly("early", "1", "late");
            assertThat(broadcastsAfter(log, selection, middle)).as(selector).containsExactly("1", "late");
            assertThat(broadcastsAfter(log, selection, Long.MAX_VALUE))
                    .as(selector)
                    .containsExactly("1");
        }
        assertThat(broadcastsAfter(log, Selection.of("@all"), Long.MAX_VALUE)).containsExactly("early", "late");
        assertThat(broadcastsAfter(log, Selection.of("none"), Position.START)).containsExactly("early", "late");
    }

    // ids of publishers

    @Test
    void findsTheEarliestEventOfAnIdAmongTheSelectors() {
        EventLog log = log(AMPLE);
        long a = append(log, withId("a", "1", "x"));
        long b = append(log, withId("b", "2", "x"));
        append(log, withId("b", "3", "x"));
        append(log, withId("c", "4", "y"));

        assertThat(get(log.find(Selection.of("a", "b"), "x"))).hasValue(a);
        assertThat(get(log.find(Selection.of("b"), "x"))).hasValue(b);
        assertThat(get(log.find(Selection.of("*"), "x"))).hasValue(a);
        assertThat(get(log.find(Selection.of("a"), "y"))).isEmpty();
        assertThat(get(log.find(Selection.of("a"), "z"))).isEmpty();
    }

    @Test
    void anIdIsForgottenWithItsEvent() {
        EventLog log = log(age(Duration.ofMinutes(1)));
        append(log, withId("a", "1", "x"));
        long b = append(log, new Publication(List.of(Topic.of("a"), Topic.of("b")), event("a", "2", "x"), null));
        get(log.append(List.of(new TopicDeleted(Topic.of("a")))));

        assertThat(get(log.find(Selection.of("a"), "x"))).isEmpty();
        assertThat(get(log.find(Selection.of("a", "b"), "x"))).hasValue(b);
        clock.advance(Duration.ofMinutes(2));
        retain(log);
        assertThat(get(log.find(Selection.of("**"), "x"))).isEmpty();
    }

    // retention

    @Test
    void eventsGoWithAge() {
        EventLog log = log(age(Duration.ofMinutes(1)));
        append(log, "a", "1");
        clock.advance(Duration.ofSeconds(40));
        append(log, "a", "2");
        append(log, "b", "3");
        clock.advance(Duration.ofSeconds(40));
        retain(log);

        assertThat(data(log, "a", "b")).containsExactly("2", "3");
        assertThat(data(log, "**")).containsExactly("2", "3");
    }

    @Test
    void theOldestGoWhenTheLogIsTooLarge() {
        EventLog log = log(bytes(50_000));
        for (int i = 0; i < 200; i++) {
            append(log, "t" + i % 5, i + " " + "x".repeat(1_000));
        }
        retain(log);
        List<Integer> left = read(log, "**").stream()
                .map(stored ->
                        Integer.parseInt(publication(stored).event().data().split(" ", 2)[0]))
                .toList();

        assertThat(get(log.size()).bytes()).isLessThanOrEqualTo(50_000);
        assertThat(left.size()).isBetween(10, 50);
        List<Integer> newest = new ArrayList<>();
        for (int i = 200 - left.size(); i < 200; i++) {
            newest.add(i);
        }
        assertThat(left).isEqualTo(newest);
    }

    @Test
    void aTopicKeepsItsNewestEvents() {
        EventLog log = log(perTopic(3));
        for (int i = 1; i <= 5; i++) {
            append(log, "a", "a" + i);
        }
        append(log, "b", "b1");
        retain(log);

        assertThat(data(log, "a")).containsExactly("a3", "a4", "a5");
        assertThat(data(log, "**")).containsExactly("a3", "a4", "a5", "b1");
        assertThat(get(log.topics("", "", 10)))
                .extracting(EventLog.TopicSummary::events)
                .containsExactly(3L, 1L);
    }

    @Test
    void anEventOfSeveralTopicsStaysUntilTheLastOfThemLetsItGo() {
        EventLog log = log(perTopic(1));
        append(log, new Publication(List.of(Topic.of("a"), Topic.of("b")), Event.message("1"), null));
        append(log, "a", "2");
        retain(log);

        assertThat(data(log, "a")).containsExactly("2");
        assertThat(data(log, "b")).containsExactly("1");
        assertThat(data(log, "**")).containsExactly("1", "2");
        append(log, "b", "3");
        retain(log);
        assertThat(data(log, "**")).containsExactly("2", "3");
        assertThat(get(log.size()).events()).isEqualTo(2);
    }

    @Test
    void aTopicsNewestStaysBeyondItsAgeWhenAsked() {
        EventLog log = log(keepLast(Duration.ofMinutes(1)));
        append(log, "a", "a1");
        append(log, "a", "a2");
        append(log, "b", "b1");
        clock.advance(Duration.ofMinutes(5));
        retain(log);
        assertThat(data(log, "**")).containsExactly("a2", "b1");

        append(log, "a", "a3");
        retain(log);
        assertThat(data(log, "**")).containsExactly("b1", "a3");
        assertThat(data(log, "a")).containsExactly("a3");
    }

    @Test
    void aTopicWithNothingLeftLeavesNothing() {
        EventLog log = log(age(Duration.ofMinutes(1)));
        for (int i = 0; i < 1_000; i++) {
            append(log, "short/" + i, "x");
        }
        get(log.append(List.of(new TopicDeleted(Topic.of("short/1")), new TopicDeleted(Topic.of("never")))));
        assertThat(get(log.size()).topics()).isEqualTo(999);
        clock.advance(Duration.ofMinutes(2));
        retain(log);

        EventLog.Size size = get(log.size());
        assertThat(size.topics()).isZero();
        assertThat(size.events()).isZero();
        assertThat(size.bytes()).isZero();
        assertThat(size.floor()).isEqualTo(get(log.tail()));
        assertThat(get(log.topics("", "", 10))).isEmpty();
        assertThat(data(log, "**")).isEmpty();
    }

    @Test
    void keysAreBoundedByBytesToo() {
        Retention retention =
                new Retention(Duration.ofHours(24), 100_000, 1, false, 10_000_000, Duration.ofMinutes(10));
        EventLog log = log(retention);
        for (int i = 0; i < 500; i++) {
            append(log, keyed("a", i + "x".repeat(1_000), "k" + i));
        }
        retain(log);
        assertThat(get(log.size()).bytes()).isLessThanOrEqualTo(100_000);
        assertThat(read(log, "a")).hasSize(1);
    }

    // gaps

    @Test
    void aReadBelowTheHorizonHasAGapAndGoesOnWithTheOldestHeld() {
        EventLog log = log(perTopic(2));
        long first = append(log, "a", "1");
        long second = append(log, "a", "2");
        append(log, "a", "3");
        append(log, "a", "4");
        long other = append(log, "b", "b");
        retain(log);

        for (String selector : new String[] {"a", "*"}) {
            Page page = get(log.read(Reading.of(Selection.of(selector), first, 10, MUCH)));
            assertGap(page, Gap.Reason.EXPIRED, selector);
            assertThat(dataOf(page.entries())).startsWith("3", "4");
        }
        assertThat(get(log.read(Reading.of(Selection.of("a"), second, 10, MUCH)))
                        .gap())
                .as("nothing after it is missing")
                .isNull();
        assertThat(get(log.read(Reading.of(Selection.of("a"), other, 10, MUCH))).gap())
                .isNull();
    }

    @Test
    void onlyTheSelectorsThatMissSomethingAreInTheGap() {
        EventLog log = log(perTopic(1));
        long before = get(log.tail());
        append(log, "quiet", "q");
        append(log, "busy/1", "1");
        append(log, "busy/1", "2");
        retain(log);

        Page page = get(log.read(Reading.of(Selection.of("quiet", "busy/1", "busy/*", "b/*"), before, 10, MUCH)));
        assertGap(page, Gap.Reason.EXPIRED, "busy/1", "busy/*");
        assertThat(get(log.read(Reading.of(Selection.of("quiet"), before, 10, MUCH)))
                        .gap())
                .isNull();
    }

    @Test
    void aTopicThatIsGoneFoldsIntoTheFloor() {
        EventLog log = log(age(Duration.ofMinutes(1)));
        long before = get(log.tail());
        long event = append(log, "gone", "1");
        clock.advance(Duration.ofMinutes(2));
        retain(log);
        append(log, "new", "2");

        assertThat(get(log.size()).floor()).isEqualTo(event);
        assertGap(get(log.read(Reading.of(Selection.of("gone"), before, 10, MUCH))), Gap.Reason.EXPIRED, "gone");
        assertGap(get(log.read(Reading.of(Selection.of("**"), before, 10, MUCH))), Gap.Reason.EXPIRED, "**");
        assertThat(get(log.read(Reading.of(Selection.of("gone"), event, 10, MUCH)))
                        .gap())
                .isNull();
    }

    @Test
    void aPositionAboveTheTailIsOfALostLog() {
        EventLog log = log(AMPLE);
        long tail = append(log, "a", "1");
        Page page = get(log.read(Reading.of(Selection.of("a", "b/*"), tail + 1, 10, MUCH)));

        assertGap(page, Gap.Reason.LOG_LOST, "a", "b/*");
        assertThat(page.entries()).isEmpty();
        assertThat(page.scannedTo()).isEqualTo(tail);
    }

    @Test
    void aPositionBelowTheBirthIsOfALostLog() {
        long old = Position.of(clock.millis() - 1_000, 7);
        EventLog log = log(AMPLE);
        assertGap(get(log.read(Reading.of(Selection.of("a"), old, 10, MUCH))), Gap.Reason.LOG_LOST, "a");
        append(log, "a", "1");
        for (String selector : new String[] {"a", "*", "none"}) {
            Page page = get(log.read(Reading.of(Selection.of(selector), old, 10, MUCH)));
            assertGap(page, Gap.Reason.LOG_LOST, selector);
        }
        assertThat(data(log, "a")).containsExactly("1");
    }

    @Test
    void aDeletedTopicReadsAsDeleted() {
        EventLog log = log(AMPLE);
        long before = get(log.tail());
        long first = append(log, "a", "1");
        append(log, new Publication(List.of(Topic.of("a"), Topic.of("b")), Event.message("both"), null));
        long deletion = get(log.append(List.of(new TopicDeleted(Topic.of("a")))))[0];

        for (String selector : new String[] {"a", "*"}) {
            assertGap(get(log.read(Reading.of(Selection.of(selector), first, 10, MUCH))), Gap.Reason.DELETED, selector);
        }
        assertThat(data(log, "a")).isEmpty();
        assertThat(data(log, "b")).containsExactly("both");
        assertThat(data(log, "*")).containsExactly("both");
        assertThat(get(log.read(Reading.of(Selection.of("b"), before, 10, MUCH)))
                        .gap())
                .isNull();
        assertThat(get(log.read(Reading.of(Selection.of("a"), deletion, 10, MUCH)))
                        .gap())
                .isNull();
        assertThat(get(log.topics("", "", 10)))
                .extracting(EventLog.TopicSummary::topic)
                .containsExactly("b");

        append(log, "a", "2");
        Page page = get(log.read(Reading.of(Selection.of("a"), first, 10, MUCH)));
        assertGap(page, Gap.Reason.DELETED, "a");
        assertThat(dataOf(page.entries())).containsExactly("2");
    }

    @Test
    void aGapIsToldOnceAcrossPages() {
        EventLog log = log(perTopic(10));
        long before = get(log.tail());
        for (int i = 0; i < 15; i++) {
            append(log, "a", "a" + i);
            append(log, "b", "b" + i);
        }
        append(log, "gone", "g");
        get(log.append(List.of(new TopicDeleted(Topic.of("gone")))));
        retain(log);

        for (String[] selectors : new String[][] {{"a", "b", "gone"}, {"**"}}) {
            Reader reader = new Reader(log, Selection.of(selectors), before).readAll(1, MUCH);
            assertThat(reader.gaps).as("gaps of %s", List.of(selectors)).hasSize(1);
            assertThat(reader.data()).hasSize(20);
        }
    }

    @Test
    void whatIsRemovedBetweenTwoPagesIsAGapOfItsOwn() {
        EventLog log = log(perTopic(5));
        long before = get(log.tail());
        for (int i = 0; i < 8; i++) {
            append(log, "a", "a" + i);
        }
        retain(log);
        Reader reader = new Reader(log, Selection.of("a"), before);
        reader.read(1, MUCH);
        assertThat(reader.gaps).hasSize(1);
        append(log, "a", "a8");
        retain(log);
        reader.read(1, MUCH);
        assertThat(reader.gaps).as("a3 was read, a3 went").hasSize(1);
        for (int i = 9; i < 20; i++) {
            append(log, "a", "a" + i);
        }
        retain(log);
        reader.readAll(1, MUCH);
        assertThat(reader.gaps).hasSize(2);
        assertThat(reader.data())
                .startsWith("a3", "a4")
                .endsWith("a15", "a16", "a17", "a18", "a19")
                .hasSize(7);
    }

    @Test
    void aTopicThatCameBackDoesNotHideItsGap() {
        EventLog log = log(age(Duration.ofMinutes(1)));
        append(log, "a", "1");
        Reader reader = new Reader(log, Selection.of("a"), Position.START).readAll(10, MUCH);
        append(log, "a", "missed");
        clock.advance(Duration.ofMinutes(2));
        retain(log);
        assertThat(get(log.size()).topics()).isZero();
        append(log, "a", "2");

        reader.readAll(10, MUCH);
        assertThat(reader.data()).containsExactly("1", "2");
        assertThat(reader.gaps).hasSize(1);
    }

    @Test
    void aTopicThatFoldsBelowTheFloorDoesNotHideItsGap() {
        Retention retention =
                new Retention(Duration.ofMinutes(1), 40_000, Long.MAX_VALUE, true, 10_000_000, Duration.ofMinutes(10));
        EventLog log = log(retention);
        append(log, "kept", "1");
        Reader reader = new Reader(log, Selection.of("kept"), Position.START).readAll(10, MUCH);
        append(log, "kept", "missed");
        append(log, "deleted", "x");
        get(log.append(List.of(new TopicDeleted(Topic.of("deleted")))));
        clock.advance(Duration.ofMinutes(2));
        retain(log); // the deletion ages out, and its horizon, above "missed", becomes the floor
        reader.judge();
        for (int i = 0; i < 100; i++) {
            append(log, "fill", "x".repeat(1_000));
        }
        retain(log);

        reader.readAll(10, MUCH);
        assertThat(reader.data()).containsExactly("1");
        assertThat(reader.gaps).isNotEmpty();
    }

    @Test
    void readingFromTheStartIsNeverAGap() {
        EventLog log = log(perTopic(1));
        for (int i = 0; i < 5; i++) {
            append(log, "a", "a" + i);
            append(log, "b", "b" + i);
        }
        retain(log);
        for (boolean newest : new boolean[] {false, true}) {
            Reader reader = new Reader(log, Selection.of("*"), Position.START);
            reader.newest = newest;
            reader.readAll(1, MUCH);
            assertThat(reader.gaps).isEmpty();
            assertThat(reader.data()).containsExactly("a4", "b4");
        }
        Selection selection = Selection.of("*");
        Reading newest = new Reading(selection, get(log.before(selection, 2)), 0, 10, MUCH, false, Reading.NO_GAP);
        assertThat(get(log.read(newest)).gap()).isNull();
    }

    // idempotency

    @Test
    void aKeyPublishesOnce() {
        EventLog log = log(AMPLE);
        List<Stored> followed = follow(log, get(log.tail()));
        long first = append(log, keyed("a", "1", "k"));
        assertThat(append(log, keyed("a", "1", "k"))).isEqualTo(first);
        assertThat(append(log, keyed("b", "1", "k"))).as("of another topic").isNotEqualTo(first);
        assertThat(get(log.append(List.of(event("a", "2"), keyed("a", "1", "k"))))[1])
                .as("in another batch")
                .isEqualTo(first);

        assertThat(data(log, "a", "b")).containsExactly("1", "1", "2");
        await().until(() -> followed.size() == 3);
    }

    @Test
    void aKeyPublishesOnceInsideOneBatch() {
        EventLog log = log(AMPLE);
        long[] positions = get(log.append(List.of(keyed("a", "1", "k"), event("a", "2"), keyed("a", "1", "k"))));
        assertThat(positions[2]).isEqualTo(positions[0]);
        assertThat(data(log, "a")).containsExactly("1", "2");

        assertRefused(
                log.append(List.of(keyed("a", "1", "l"), keyed("a", "2", "l"))), AppendRefused.Reason.KEY_CONFLICT);
        assertThat(data(log, "a")).containsExactly("1", "2");
    }

    @Test
    void aKeyForOtherDataIsRefused() {
        EventLog log = log(AMPLE);
        append(log, keyed("a", "1", "k"));
        assertRefused(log.append(List.of(keyed("a", "2", "k"))), AppendRefused.Reason.KEY_CONFLICT);
        assertRefused(
                log.append(List.of(new Publication(List.of(Topic.of("a")), Event.of("type", "1"), "k"))),
                AppendRefused.Reason.KEY_CONFLICT);
        assertRefused(
                log.append(List.of(new Publication(List.of(Topic.of("a"), Topic.of("b")), Event.message("1"), "k"))),
                AppendRefused.Reason.KEY_CONFLICT);
        assertThat(data(log, "**")).containsExactly("1");
    }

    @Test
    void aKeyPublishesOnceFromManyThreads() throws InterruptedException {
        EventLog log = log(AMPLE);
        List<Long> positions = new CopyOnWriteArrayList<>();
        List<Thread> threads = new ArrayList<>();
        int keys = LONG ? 2_000 : 200;
        for (int t = 0; t < 4; t++) {
            Thread thread = new Thread(() -> {
                for (int i = 0; i < keys; i++) {
                    positions.add(append(log, keyed("a", "e" + i, "k" + i)));
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(new TreeSet<>(positions)).hasSize(keys);
        assertThat(positions).hasSize(4 * keys);
        assertThat(read(log, "a")).hasSize(keys);
    }

    @Test
    void aKeyIsForgottenAfterItsTimeAndOutlivesItsEvent() {
        Retention retention = new Retention(
                Duration.ofMinutes(1), 256L << 20, Long.MAX_VALUE, false, 10_000_000, Duration.ofMinutes(10));
        EventLog log = log(retention);
        long first = append(log, keyed("a", "1", "k"));
        clock.advance(Duration.ofMinutes(5));
        retain(log);
        assertThat(data(log, "a")).isEmpty();
        assertThat(append(log, keyed("a", "1", "k"))).isEqualTo(first);

        clock.advance(Duration.ofMinutes(6));
        retain(log);
        assertThat(append(log, keyed("a", "2", "k"))).isGreaterThan(first);
        assertThat(data(log, "a")).containsExactly("2");
    }

    // bounds and ends

    @Test
    void aNewTopicBeyondTheLimitIsRefused() {
        Retention retention =
                new Retention(Duration.ofMinutes(1), 256L << 20, Long.MAX_VALUE, false, 3, Duration.ofMinutes(10));
        EventLog log = log(retention);
        append(log, "a", "1");
        append(log, keyed("b", "2", "k"));
        assertRefused(log.append(List.of(event("c", "3"), event("d", "4"))), AppendRefused.Reason.NO_ROOM);
        assertThat(data(log, "**")).as("all or none").containsExactly("1", "2");
        append(log, "c", "3");
        assertRefused(log.append(List.of(event("d", "4"))), AppendRefused.Reason.NO_ROOM);
        assertRefused(
                log.append(List.of(new Publication(List.of(Topic.of("a"), Topic.of("d")), Event.message("4"), null))),
                AppendRefused.Reason.NO_ROOM);
        append(log, "a", "5");
        append(log, keyed("b", "2", "k"));

        clock.advance(Duration.ofMinutes(2));
        retain(log);
        append(log, "d", "6");
        assertThat(data(log, "**")).containsExactly("6");
    }

    @Test
    void anEndedTopicTakesNoMoreEventsInAnyOfItsAppends() {
        EventLog log = log(AMPLE);
        append(log, keyed("a", "1", "k"));
        long end = append(log, ended("a"));

        assertRefused(log.append(List.of(event("a", "2"))), AppendRefused.Reason.ENDED);
        assertRefused(log.append(List.of(event("b", "2"), both("c", "a"))), AppendRefused.Reason.ENDED);
        assertRefused(log.append(List.of(ended("b"), event("b", "2"))), AppendRefused.Reason.ENDED);
        assertThat(append(log, keyed("a", "1", "k"))).as("a repeated append").isLessThan(end);
        assertThat(append(log, new TopicEnded(Topic.of("a"), TopicEnded.Reason.CANCELLED)))
                .as("a second end changes nothing")
                .isEqualTo(end);
        assertThat(data(log, "b")).isEmpty();
    }

    @Test
    void anEndIsReadInItsPlaceByWhoeverReadsItsTopic() {
        EventLog log = log(AMPLE);
        append(log, "a/1", "1");
        long end = append(log, ended("a/1"));
        append(log, "a/2", "2");

        for (String selector : List.of("a/1", "a/*", "**")) {
            Page page = get(log.read(Reading.of(Selection.of(selector), Position.START, 10, MUCH)));
            assertThat(page.entries().get(1)).as(selector).isEqualTo(new Stored(end, ended("a/1")));
        }
        assertThat(newest(log, Selection.of("a/1"), Position.START, 10, MUCH).entries())
                .as("the newest event, and the end")
                .hasSize(2);
        Selection others = new Selection(List.of(Selector.of("a/1")), Set.of("other"));
        assertThat(get(log.read(Reading.of(others, Position.START, 10, MUCH))).entries())
                .as("an end is of every type")
                .hasSize(1);
        assertThat(newestSoMany(log, Selection.of("a/2"), 1)).containsExactly("2");
        assertThat(get(log.before(Selection.of("a/1"), 1)))
                .as("an end does not count")
                .isLessThan(end - 1);
    }

    @Test
    void aSelectionHasEndedWhenAllItsTopicsHave() {
        EventLog log = log(AMPLE);
        append(log, "a", "1");
        append(log, ended("a"));
        assertThat(get(log.ended(Selection.of("a", "b")))).isEqualTo(Position.START);
        long last = append(log, ended("b"));

        assertThat(get(log.ended(Selection.of("a", "b")))).isEqualTo(last);
        assertThat(get(log.ended(Selection.of("a", "c")))).isEqualTo(Position.START);
        assertThat(get(log.ended(Selection.of("a", "b", "*")))).isEqualTo(Position.START);
    }

    @Test
    void anEndedTopicAgesOutAlsoWhenTheNewestIsKept() {
        EventLog log = log(
                new Retention(Duration.ofMinutes(1), Long.MAX_VALUE, Long.MAX_VALUE, true, 100, Duration.ofMinutes(1)));
        append(log, "a", "1");
        append(log, ended("a"));
        append(log, "b", "2");
        clock.advance(Duration.ofMinutes(2));
        retain(log);

        assertThat(data(log, "**")).containsExactly("2");
        assertThat(get(log.ended(Selection.of("a")))).isEqualTo(Position.START);
        append(log, "a", "3");
        assertThat(data(log, "a")).containsExactly("3");
    }

    @Test
    void aDeletedTopicBeginsAnew() {
        EventLog log = log(AMPLE);
        append(log, "a", "1");
        append(log, ended("a"));
        append(log, new TopicDeleted(Topic.of("a")));

        assertThat(get(log.ended(Selection.of("a")))).isEqualTo(Position.START);
        append(log, "a", "2");
        assertThat(data(log, "a")).containsExactly("2");
    }

    @Test
    void aClosedLogIsUnavailable() {
        EventLog log = log(AMPLE);
        append(log, "a", "1");
        log.close();
        log.close();

        assertRefused(log.append(List.of(event("a", "2"))), AppendRefused.Reason.UNAVAILABLE);
        assertRefused(
                log.read(Reading.of(Selection.of("a"), Position.START, 10, MUCH)), AppendRefused.Reason.UNAVAILABLE);
        assertRefused(log.tail(), AppendRefused.Reason.UNAVAILABLE);
        assertRefused(log.find(Selection.of("a"), "x"), AppendRefused.Reason.UNAVAILABLE);
        assertRefused(log.before(Selection.of("a"), 1), AppendRefused.Reason.UNAVAILABLE);
        assertRefused(log.topics("", "", 1), AppendRefused.Reason.UNAVAILABLE);
    }

    @Test
    void topicsAreListedInPagesByName() {
        EventLog log = log(AMPLE);
        for (String topic : new String[] {"orders/2", "orders/1", "orders", "order", "ordersx", "news", "a"}) {
            append(log, topic, "1");
        }
        long newest = append(log, "orders/1", "2");

        assertThat(names(log, "orders", "", 10)).containsExactly("orders", "orders/1", "orders/2", "ordersx");
        assertThat(names(log, "orders/", "", 10)).containsExactly("orders/1", "orders/2");
        assertThat(names(log, "", "", 2)).containsExactly("a", "news");
        assertThat(names(log, "", "news", 2)).containsExactly("order", "orders");
        assertThat(names(log, "orders", "orders", 2)).containsExactly("orders/1", "orders/2");
        assertThat(names(log, "orders", "a", 1)).containsExactly("orders");
        assertThat(names(log, "orders", "x", 10)).isEmpty();
        assertThat(names(log, "none", "", 10)).isEmpty();
        assertThat(get(log.topics("orders/1", "", 1)))
                .containsExactly(new EventLog.TopicSummary("orders/1", newest, 2));
    }

    // how these tests speak to a log

    /** Opens a log that is closed after the test. */
    protected final EventLog log(Retention retention) {
        EventLog log = open(retention, clock);
        opened.add(log);
        return log;
    }

    /** What a stage comes to. */
    protected static <T> T get(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(failed);
        } catch (InterruptedException | TimeoutException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** Retention by age alone. */
    protected static Retention age(Duration age) {
        return new Retention(age, 256L << 20, Long.MAX_VALUE, false, 10_000_000, Duration.ZERO);
    }

    private static Retention keepLast(Duration age) {
        return new Retention(age, 256L << 20, Long.MAX_VALUE, true, 10_000_000, Duration.ZERO);
    }

    private static Retention bytes(long bytes) {
        return new Retention(Duration.ofHours(24), bytes, Long.MAX_VALUE, false, 10_000_000, Duration.ZERO);
    }

    private static Retention perTopic(long events) {
        return new Retention(Duration.ofHours(24), 256L << 20, events, false, 10_000_000, Duration.ZERO);
    }

    /** An event of a topic. */
    protected static Publication event(String topic, String data) {
        return Publication.of(topic, Event.message(data));
    }

    private static Event event(String type, String data, String id) {
        return new Event(type, data, id, Event.NO_RETRY);
    }

    private static Publication withId(String topic, String data, String id) {
        return Publication.of(topic, Event.message(data).withId(id));
    }

    private static Publication keyed(String topic, String data, String key) {
        return new Publication(List.of(Topic.of(topic)), Event.message(data), key);
    }

    /** Appends an event and waits. */
    protected static long append(EventLog log, String topic, String data) {
        return append(log, event(topic, data));
    }

    private static long append(EventLog log, Entry entry) {
        return get(log.append(List.of(entry)))[0];
    }

    private static List<Stored> follow(EventLog log, long after) {
        List<Stored> followed = new CopyOnWriteArrayList<>();
        log.follow(after, followed::addAll);
        return followed;
    }

    private static Publication both(String first, String second) {
        return new Publication(List.of(Topic.of(first), Topic.of(second)), Event.message("both"), null);
    }

    private static TopicEnded ended(String topic) {
        return new TopicEnded(Topic.of(topic), TopicEnded.Reason.DONE);
    }

    private static List<Stored> read(EventLog log, String... selectors) {
        return new Reader(log, Selection.of(selectors), Position.START).readAll(1_000, MUCH).read;
    }

    /** The data of all that is held for these selectors. */
    protected static List<String> data(EventLog log, String... selectors) {
        return dataOf(read(log, selectors));
    }

    private static Page newest(EventLog log, Selection selection, long after, int events, int bytes) {
        return get(log.read(new Reading(selection, after, after, events, bytes, true, Reading.EVERY_GAP)));
    }

    private static List<String> newestSoMany(EventLog log, Selection selection, int events) {
        long before = get(log.before(selection, events));
        return dataOf(get(log.read(Reading.of(selection, before, 100, MUCH))).entries());
    }

    private static List<String> broadcastsAfter(EventLog log, Selection selection, long after) {
        Reading reading = new Reading(selection, Position.START, after, 100, MUCH, false, Reading.EVERY_GAP);
        return dataOf(get(log.read(reading)).entries());
    }

    private static List<String> names(EventLog log, String prefix, String after, int limit) {
        return get(log.topics(prefix, after, limit)).stream()
                .map(EventLog.TopicSummary::topic)
                .toList();
    }

    private static List<String> dataOf(List<Stored> entries) {
        return entries.stream()
                .map(stored -> publication(stored).event().data())
                .toList();
    }

    private static Publication publication(Stored stored) {
        return (Publication) stored.entry();
    }

    private static void assertGap(Page page, Gap.Reason reason, String... selectors) {
        Gap gap = page.gap();
        assertThat(gap).as("gap").isNotNull();
        if (gap != null) {
            assertThat(gap.reason()).isEqualTo(reason);
            assertThat(gap.selectors().stream().map(Selector::toString)).containsExactly(selectors);
        }
    }

    private static void assertRefused(CompletionStage<?> stage, AppendRefused.Reason reason) {
        assertThatThrownBy(() -> get(stage))
                .asInstanceOf(type(AppendRefused.class))
                .satisfies(refused -> {
                    assertThat(refused.reason()).isEqualTo(reason);
                    assertThat(refused.getMessage()).isNotBlank();
                });
    }

    /** Reads on page by page, as a cursor does. */
    private static final class Reader {
        final EventLog log;
        final Selection selection;
        final List<Stored> read = new ArrayList<>();
        final List<Gap> gaps = new ArrayList<>();
        long position;
        long judged = Reading.EVERY_GAP;
        boolean newest;
        int largestPage;

        Reader(EventLog log, Selection selection, long after) {
            this.log = log;
            this.selection = selection;
            this.position = after;
        }

        Page read(int events, int bytes) {
            Page page = get(log.read(new Reading(selection, position, position, events, bytes, newest, judged)));
            @Nullable Gap gap = page.gap();
            if (gap != null) {
                gaps.add(gap);
            }
            assertThat(page.scannedTo()).isGreaterThanOrEqualTo(position);
            assertThat(page.entries())
                    .allMatch(stored -> stored.position() > position && stored.position() <= page.scannedTo());
            assertThat(page.entries()).extracting(Stored::position).isSorted();
            largestPage = Math.max(largestPage, page.entries().size());
            read.addAll(page.entries());
            position = page.scannedTo();
            judged = page.judged();
            return page;
        }

        Reader readAll(int events, int bytes) {
            Page page;
            do {
                page = read(events, bytes);
            } while (page.more());
            return this;
        }

        /** Learns of all removals without reading on. */
        void judge() {
            Page page = get(log.read(new Reading(selection, position, position, 1, MUCH, false, judged)));
            assertThat(page.gap()).isNull();
            judged = page.judged();
        }

        List<String> data() {
            return dataOf(read);
        }
    }
}
