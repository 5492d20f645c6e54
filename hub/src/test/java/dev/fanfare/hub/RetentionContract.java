package dev.fanfare.hub;

import static dev.fanfare.hub.Logs.AMPLE;
import static dev.fanfare.hub.Logs.MUCH;
import static dev.fanfare.hub.Logs.age;
import static dev.fanfare.hub.Logs.append;
import static dev.fanfare.hub.Logs.assertGap;
import static dev.fanfare.hub.Logs.bytes;
import static dev.fanfare.hub.Logs.data;
import static dev.fanfare.hub.Logs.dataOf;
import static dev.fanfare.hub.Logs.ended;
import static dev.fanfare.hub.Logs.event;
import static dev.fanfare.hub.Logs.get;
import static dev.fanfare.hub.Logs.keepLast;
import static dev.fanfare.hub.Logs.keyed;
import static dev.fanfare.hub.Logs.newest;
import static dev.fanfare.hub.Logs.perTopic;
import static dev.fanfare.hub.Logs.publication;
import static dev.fanfare.hub.Logs.read;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.stream.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What every log keeps of what it lets go: what is left, and which gaps are told. */
interface RetentionContract extends LogUnderTest {

    @Test
    default void eventsGoWithAge() {
        EventLog log = log(age(Duration.ofMinutes(1)));
        append(log, "a", "1");
        clock().advance(Duration.ofSeconds(40));
        append(log, "a", "2");
        append(log, "b", "3");
        clock().advance(Duration.ofSeconds(40));
        retain(log);

        assertThat(data(log, "a", "b")).containsExactly("2", "3");
        assertThat(data(log, "**")).containsExactly("2", "3");
    }

    @Test
    default void theOldestGoWhenTheLogIsTooLarge() {
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
    default void aTopicKeepsItsNewestEvents() {
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
    default void anEventOfSeveralTopicsStaysUntilTheLastOfThemLetsItGo() {
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
    default void aTopicsNewestStaysBeyondItsAgeWhenAsked() {
        EventLog log = log(keepLast(Duration.ofMinutes(1)));
        append(log, "a", "a1");
        append(log, "a", "a2");
        append(log, "b", "b1");
        clock().advance(Duration.ofMinutes(5));
        retain(log);
        assertThat(data(log, "**")).containsExactly("a2", "b1");

        append(log, "a", "a3");
        retain(log);
        assertThat(data(log, "**")).containsExactly("b1", "a3");
        assertThat(data(log, "a")).containsExactly("a3");
    }

    @Test
    default void aTopicWithNothingLeftLeavesNothing() {
        EventLog log = log(age(Duration.ofMinutes(1)));
        for (int i = 0; i < 1_000; i++) {
            append(log, "short/" + i, "x");
        }
        get(log.append(List.of(new TopicDeleted(Topic.of("short/1")), new TopicDeleted(Topic.of("never")))));
        assertThat(get(log.size()).topics()).isEqualTo(999);
        clock().advance(Duration.ofMinutes(2));
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
    default void keysAreBoundedByBytesToo() {
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

    @Test
    default void anEndedTopicAgesOutAlsoWhenTheNewestIsKept() {
        EventLog log = log(
                new Retention(Duration.ofMinutes(1), Long.MAX_VALUE, Long.MAX_VALUE, true, 100, Duration.ofMinutes(1)));
        append(log, "a", "1");
        append(log, ended("a"));
        append(log, "b", "2");
        clock().advance(Duration.ofMinutes(2));
        retain(log);

        assertThat(data(log, "**")).containsExactly("2");
        assertThat(get(log.ended(Selection.of("a")))).isEqualTo(Position.START);
        append(log, "a", "3");
        assertThat(data(log, "a")).containsExactly("3");
    }

    // gaps

    @Test
    default void aReadBelowTheHorizonHasAGapAndGoesOnWithTheOldestHeld() {
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
    default void onlyTheSelectorsThatMissSomethingAreInTheGap() {
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
    default void aTopicThatIsGoneFoldsIntoTheFloor() {
        EventLog log = log(age(Duration.ofMinutes(1)));
        long before = get(log.tail());
        long event = append(log, "gone", "1");
        clock().advance(Duration.ofMinutes(2));
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
    default void aPositionAboveTheTailIsOfALostLog() {
        EventLog log = log(AMPLE);
        long tail = append(log, "a", "1");
        Page page = get(log.read(Reading.of(Selection.of("a", "b/*"), tail + 1, 10, MUCH)));

        assertGap(page, Gap.Reason.LOG_LOST, "a", "b/*");
        assertThat(page.entries()).isEmpty();
        assertThat(page.scannedTo()).isEqualTo(tail);
    }

    @Test
    default void aPositionBelowTheBirthIsOfALostLog() {
        long old = Position.of(clock().millis() - 1_000, 7);
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
    default void aDeletedTopicReadsAsDeleted() {
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
    default void aGapIsToldOnceAcrossPages() {
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
            LogReader reader = new LogReader(log, Selection.of(selectors), before).readAll(1, MUCH);
            assertThat(reader.gaps).as("gaps of %s", List.of(selectors)).hasSize(1);
            assertThat(reader.data()).hasSize(20);
        }
    }

    @Test
    default void whatIsRemovedBetweenTwoPagesIsAGapOfItsOwn() {
        EventLog log = log(perTopic(5));
        long before = get(log.tail());
        for (int i = 0; i < 8; i++) {
            append(log, "a", "a" + i);
        }
        retain(log);
        LogReader reader = new LogReader(log, Selection.of("a"), before);
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
    default void aTopicThatCameBackDoesNotHideItsGap() {
        EventLog log = log(age(Duration.ofMinutes(1)));
        append(log, "a", "1");
        LogReader reader = new LogReader(log, Selection.of("a"), Position.START).readAll(10, MUCH);
        append(log, "a", "missed");
        clock().advance(Duration.ofMinutes(2));
        retain(log);
        assertThat(get(log.size()).topics()).isZero();
        append(log, "a", "2");

        reader.readAll(10, MUCH);
        assertThat(reader.data()).containsExactly("1", "2");
        assertThat(reader.gaps).hasSize(1);
    }

    @Test
    default void aTopicThatFoldsBelowTheFloorDoesNotHideItsGap() {
        Retention retention =
                new Retention(Duration.ofMinutes(1), 40_000, Long.MAX_VALUE, true, 10_000_000, Duration.ofMinutes(10));
        EventLog log = log(retention);
        append(log, "kept", "1");
        LogReader reader = new LogReader(log, Selection.of("kept"), Position.START).readAll(10, MUCH);
        append(log, "kept", "missed");
        append(log, "deleted", "x");
        get(log.append(List.of(new TopicDeleted(Topic.of("deleted")))));
        clock().advance(Duration.ofMinutes(2));
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
    default void readingFromTheStartIsNeverAGap() {
        EventLog log = log(perTopic(1));
        for (int i = 0; i < 5; i++) {
            append(log, "a", "a" + i);
            append(log, "b", "b" + i);
        }
        retain(log);
        for (boolean newest : new boolean[] {false, true}) {
            LogReader reader = new LogReader(log, Selection.of("*"), Position.START);
            reader.newest = newest;
            reader.readAll(1, MUCH);
            assertThat(reader.gaps).isEmpty();
            assertThat(reader.data()).containsExactly("a4", "b4");
        }
        Selection selection = Selection.of("*");
        Reading newest = new Reading(selection, get(log.before(selection, 2)), 0, 10, MUCH, false, Reading.NO_GAP);
        assertThat(get(log.read(newest)).gap()).isNull();
    }
}
