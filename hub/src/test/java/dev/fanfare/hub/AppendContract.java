package dev.fanfare.hub;

import static dev.fanfare.hub.Logs.AMPLE;
import static dev.fanfare.hub.Logs.LONG;
import static dev.fanfare.hub.Logs.MUCH;
import static dev.fanfare.hub.Logs.append;
import static dev.fanfare.hub.Logs.assertRefused;
import static dev.fanfare.hub.Logs.both;
import static dev.fanfare.hub.Logs.data;
import static dev.fanfare.hub.Logs.dataOf;
import static dev.fanfare.hub.Logs.ended;
import static dev.fanfare.hub.Logs.event;
import static dev.fanfare.hub.Logs.follow;
import static dev.fanfare.hub.Logs.get;
import static dev.fanfare.hub.Logs.keyed;
import static dev.fanfare.hub.Logs.perTopic;
import static dev.fanfare.hub.Logs.publication;
import static dev.fanfare.hub.Logs.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.stream.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every log keeps of appending: order, all or nothing, once for a key, and what it refuses. */
interface AppendContract extends LogUnderTest {

    @Test
    default void positionsIncreaseStrictlyAlsoWhenTheClockStepsBack() {
        EventLog log = log(AMPLE);
        long first = append(log, "a", "1");
        clock().advance(Duration.ofHours(-1));
        long second = append(log, "a", "2");
        long third = append(log, "a", "3");
        clock().advance(Duration.ofHours(2));
        long fourth = append(log, "a", "4");

        assertThat(List.of(first, second, third, fourth)).isSorted().doesNotHaveDuplicates();
        assertThat(Position.millis(fourth)).isEqualTo(clock().millis());
        assertThat(data(log, "a")).containsExactly("1", "2", "3", "4");
    }

    @Test
    default void theTailIsTheNewestPosition() {
        EventLog log = log(AMPLE);
        assertThat(get(log.tail())).isEqualTo(get(log.size()).floor());
        long position = append(log, "a", "1");
        assertThat(get(log.tail())).isEqualTo(position);
    }

    @Test
    default void aBatchGetsItsPositionsInItsOrder() {
        EventLog log = log(AMPLE);
        long[] positions = get(log.append(
                List.of(event("a", "1"), event("b", "2"), new TopicDeleted(Topic.of("c")), event("a", "3"))));

        assertThat(positions).hasSize(4).isSorted().doesNotHaveDuplicates();
        assertThat(read(log, "**"))
                .extracting(Stored::position)
                .containsExactly(positions[0], positions[1], positions[3]);
    }

    @Test
    default void anEmptyAppendDoesNothing() {
        EventLog log = log(AMPLE);
        long tail = get(log.tail());
        assertThat(get(log.append(List.of()))).isEmpty();
        assertThat(get(log.tail())).isEqualTo(tail);
    }

    @Test
    default void appendsAllOrNothing() {
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
    default void appendsOfOneThreadKeepTheirOrderAndFollowersHaveThemBeforeTheStageCompletes()
            throws InterruptedException {
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
        stages.forEach(Logs::get);

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
    default void aFollowerBeginsAfterAPositionAndGetsFactsToo() {
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
    default void aFollowerIsGivenAllThatIsAppendedThoughTheTopicKeepsLess() {
        EventLog log = log(perTopic(3));
        Followed followed = Followed.of(log, get(log.tail()));
        List<Publication> ten = IntStream.range(0, 10)
                .mapToObj(i -> event("a", Integer.toString(i)))
                .toList();
        long[] positions = get(log.append(ten));
        for (int i = 10; i < 30; i++) {
            append(log, "a", Integer.toString(i));
        }

        assertThat(positions).hasSize(10);
        assertThat(dataOf(followed.entries))
                .containsExactly(
                        IntStream.range(0, 30).mapToObj(Integer::toString).toArray(String[]::new));
        assertThat(followed.lost).isEmpty();
        await().untilAsserted(() -> assertThat(data(log, "a")).containsExactly("27", "28", "29"));
        assertThat(get(log.size()).events()).isEqualTo(3);
    }

    @Test
    default void anEventComesBackAsItWasPublished() {
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

    // idempotency

    @Test
    default void aKeyPublishesOnce() {
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
    default void aKeyPublishesOnceInsideOneBatch() {
        EventLog log = log(AMPLE);
        long[] positions = get(log.append(List.of(keyed("a", "1", "k"), event("a", "2"), keyed("a", "1", "k"))));
        assertThat(positions[2]).isEqualTo(positions[0]);
        assertThat(data(log, "a")).containsExactly("1", "2");

        assertRefused(
                log.append(List.of(keyed("a", "1", "l"), keyed("a", "2", "l"))), AppendRefused.Reason.KEY_CONFLICT);
        assertThat(data(log, "a")).containsExactly("1", "2");
    }

    @Test
    default void aKeyForOtherDataIsRefused() {
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
    default void aKeyPublishesOnceFromManyThreads() throws InterruptedException {
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
    default void aKeyIsForgottenAfterItsTimeAndOutlivesItsEvent() {
        Retention retention = new Retention(
                Duration.ofMinutes(1), 256L << 20, Long.MAX_VALUE, false, 10_000_000, Duration.ofMinutes(10));
        EventLog log = log(retention);
        long first = append(log, keyed("a", "1", "k"));
        clock().advance(Duration.ofMinutes(5));
        retain(log);
        assertThat(data(log, "a")).isEmpty();
        assertThat(append(log, keyed("a", "1", "k"))).isEqualTo(first);

        clock().advance(Duration.ofMinutes(6));
        retain(log);
        assertThat(append(log, keyed("a", "2", "k"))).isGreaterThan(first);
        assertThat(data(log, "a")).containsExactly("2");
    }

    // bounds and ends

    @Test
    default void aNewTopicBeyondTheLimitIsRefused() {
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

        clock().advance(Duration.ofMinutes(2));
        retain(log);
        append(log, "d", "6");
        assertThat(data(log, "**")).containsExactly("6");
    }

    @Test
    default void anEndedTopicTakesNoMoreEventsInAnyOfItsAppends() {
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
    default void aDeletedTopicBeginsAnew() {
        EventLog log = log(AMPLE);
        append(log, "a", "1");
        append(log, ended("a"));
        append(log, new TopicDeleted(Topic.of("a")));

        assertThat(get(log.ended(Selection.of("a")))).isEqualTo(Position.START);
        append(log, "a", "2");
        assertThat(data(log, "a")).containsExactly("2");
    }

    @Test
    default void aClosedLogIsUnavailable() {
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
}
