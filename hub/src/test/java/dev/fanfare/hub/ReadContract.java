package dev.fanfare.hub;

import static dev.fanfare.hub.Logs.AMPLE;
import static dev.fanfare.hub.Logs.LONG;
import static dev.fanfare.hub.Logs.MUCH;
import static dev.fanfare.hub.Logs.age;
import static dev.fanfare.hub.Logs.append;
import static dev.fanfare.hub.Logs.broadcastsAfter;
import static dev.fanfare.hub.Logs.data;
import static dev.fanfare.hub.Logs.dataOf;
import static dev.fanfare.hub.Logs.ended;
import static dev.fanfare.hub.Logs.event;
import static dev.fanfare.hub.Logs.get;
import static dev.fanfare.hub.Logs.names;
import static dev.fanfare.hub.Logs.newest;
import static dev.fanfare.hub.Logs.newestSoMany;
import static dev.fanfare.hub.Logs.publication;
import static dev.fanfare.hub.Logs.read;
import static dev.fanfare.hub.Logs.withId;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.stream.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What every log keeps of reading. */
interface ReadContract extends LogUnderTest {

    @Test
    default void readsForwardInPagesWithoutLossOrRepetition() {
        EventLog log = log(AMPLE);
        List<String> all = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            append(log, i % 2 == 0 ? "a" : "b", "e" + i);
            all.add("e" + i);
        }
        for (String[] selectors : new String[][] {{"a", "b"}, {"**"}}) {
            for (int events : new int[] {1, 3, 24, 25, 26}) {
                LogReader reader = new LogReader(log, Selection.of(selectors), Position.START);
                reader.readAll(events, MUCH);
                assertThat(reader.data())
                        .as("%d events a page of %s", events, List.of(selectors))
                        .isEqualTo(all);
                assertThat(reader.largestPage).isLessThanOrEqualTo(events);
            }
        }
    }

    @Test
    default void aPageEndsAtItsBytesButHasOneEventWhateverItsSize() {
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
    default void whatIsScannedToIsTheTailWhenNothingMoreIsThere() {
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
    default void anEventOfSeveralTopicsComesOnce() {
        EventLog log = log(AMPLE);
        append(log, new Publication(List.of(Topic.of("a"), Topic.of("b"), Topic.of("c/d")), Event.message("1"), null));
        append(log, "b", "2");

        assertThat(data(log, "a", "b", "c/*", "**")).containsExactly("1", "2");
        assertThat(data(log, "a", "b", "c/d")).containsExactly("1", "2");
        assertThat(data(log, "c/**")).containsExactly("1");
    }

    @Test
    default void onlyTheTypesAskedForAreRead() {
        EventLog log = log(AMPLE);
        append(log, Publication.of("a", Event.of("red", "1")));
        append(log, Publication.of("a", Event.of("blue", "2")));
        append(log, Publication.of("a", Event.message("3")));

        Selection selection = new Selection(List.of(Selector.of("a")), Set.of("red", "message"));
        assertThat(new LogReader(log, selection, Position.START)
                        .readAll(10, MUCH)
                        .data())
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
    default void patternsAndExactTopicsReadWhatTheyMatch() {
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

            LogReader reader = new LogReader(log, selection, after).readAll(1 + random.nextInt(100), MUCH);
            assertThat(reader.data())
                    .as("%s after %d, seed %d", selection, after, seed)
                    .isEqualTo(expected);
            assertThat(reader.gaps).isEmpty();
        }
    }

    // the newest

    @Test
    default void theNewestOfEachTopicIsReadAndTheOthersAreCounted() {
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
    default void theNewestAreReadInPages() {
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
    default void anEventThatIsTheNewestOfOneOfItsTopicsIsAmongTheNewest() {
        EventLog log = log(AMPLE);
        append(log, new Publication(List.of(Topic.of("a"), Topic.of("b")), Event.message("both"), null));
        append(log, "a", "later");

        Page page = newest(log, Selection.of("a", "b"), Position.START, 10, MUCH);
        assertThat(dataOf(page.entries())).containsExactly("both", "later");
        assertThat(page.skipped()).isZero();
    }

    @Test
    default void theNewestSoManyBeginAfterTheirPredecessor() {
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
    default void theNewestSoManyCountOnlyTheTypesAskedFor() {
        EventLog log = log(AMPLE);
        append(log, Publication.of("a", Event.of("red", "1")));
        append(log, Publication.of("a", Event.of("red", "2")));
        append(log, Publication.of("a", Event.of("blue", "3")));

        assertThat(newestSoMany(log, new Selection(List.of(Selector.of("a")), Set.of("red")), 1))
                .containsExactly("2");
    }

    // broadcasts

    @Test
    default void broadcastsBelongToEverySelectionAfterTheirPosition() {
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
    default void findsTheEarliestEventOfAnIdAmongTheSelectors() {
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
    default void anIdIsForgottenWithItsEvent() {
        EventLog log = log(age(Duration.ofMinutes(1)));
        append(log, withId("a", "1", "x"));
        long b = append(log, new Publication(List.of(Topic.of("a"), Topic.of("b")), event("a", "2", "x"), null));
        get(log.append(List.of(new TopicDeleted(Topic.of("a")))));

        assertThat(get(log.find(Selection.of("a"), "x"))).isEmpty();
        assertThat(get(log.find(Selection.of("a", "b"), "x"))).hasValue(b);
        clock().advance(Duration.ofMinutes(2));
        retain(log);
        assertThat(get(log.find(Selection.of("**"), "x"))).isEmpty();
    }

    // ends

    @Test
    default void anEndIsReadInItsPlaceByWhoeverReadsItsTopic() {
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
    default void aSelectionHasEndedWhenAllItsTopicsHave() {
        EventLog log = log(AMPLE);
        append(log, "a", "1");
        append(log, ended("a"));
        assertThat(get(log.ended(Selection.of("a", "b")))).isEqualTo(Position.START);
        long last = append(log, ended("b"));

        assertThat(get(log.ended(Selection.of("a", "b")))).isEqualTo(last);
        assertThat(get(log.ended(Selection.of("a", "c")))).isEqualTo(Position.START);
        assertThat(get(log.ended(Selection.of("a", "b", "*")))).isEqualTo(Position.START);
    }

    // names

    @Test
    default void topicsAreListedInPagesByName() {
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
}
