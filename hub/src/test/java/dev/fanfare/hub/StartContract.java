package dev.fanfare.hub;

import static dev.fanfare.hub.HubFixture.with;
import static dev.fanfare.hub.Logs.age;
import static dev.fanfare.hub.Logs.perTopic;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.RecordingSink.Received;
import dev.fanfare.hub.Subscription.Slow;
import dev.fanfare.hub.TestHub.Stream;
import dev.fanfare.stream.Event;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Where a stream begins, and what it gets when it comes back. */
interface StartContract {

    /** A hub on a new log. */
    TestHub hub();

    TestHub hub(HubSettings settings);

    TestHub hub(Retention retention, InstantSource clock, HubSettings settings);

    @Test
    default void beginsWithItsPreambleAndTheOpenEvent() {
        TestHub hub = hub();
        String latest = hub.publish("a", "before");
        Stream stream = hub.open(Subscription.to("a"));
        hub.awaitLive(stream);

        assertThat(stream.sink().text())
                .isEqualTo(":\nretry: 3000\nevent: fanfare-open\ndata: {\"stream\":\""
                        + stream.cursor().id() + "\",\"latest\":\"" + latest + "\"}\nid: " + latest + "\n\n");
        assertThat(stream.sink().retry()).isEqualTo(3_000);
    }

    @Test
    default void fromNowHasWhatComesNext() {
        TestHub hub = hub();
        hub.publish("a", "before");
        Stream stream = hub.open(Subscription.to("a"));
        String id = hub.publish("a", "after");
        hub.publish("b", "other");

        stream.awaitData("after");
        Received event = stream.sink().received().get(1);
        assertThat(event.id()).isEqualTo(id);
        assertThat(event.type()).isEqualTo("message");
    }

    @Test
    default void fromStartHasAllThatIsHeld() {
        TestHub hub = hub();
        String first = hub.publish("a", "1");
        hub.publish("b", "x");
        hub.publish("a", "2");
        Stream stream = hub.open(Subscription.to("a").from(Start.OLDEST));
        stream.awaitData("1", "2");
        hub.publish("a", "3");
        stream.awaitData("1", "2", "3");

        assertThat(stream.openId()).isEqualTo(Position.parse(first) - 1);
        stream.assertNoGap();
    }

    @Test
    default void fromStartOfNothingIsLive() {
        TestHub hub = hub();
        Stream stream = hub.open(Subscription.to("a").from(Start.OLDEST));
        hub.awaitLive(stream);
        hub.publish("a", "1");
        stream.awaitData("1");
        stream.assertNoGap();
    }

    @Test
    default void fromLastHasTheNewestOfEachTopic() {
        TestHub hub = hub();
        hub.publish("t/a", "a1");
        hub.publish("t/b", "b1");
        hub.publish("t/a", "a2");
        Stream stream = hub.open(Subscription.to("t/*").from(Start.LAST));
        stream.awaitData("b1", "a2");
        hub.publish("t/b", "b2");
        hub.publish("t/b", "b3");
        stream.awaitData("b1", "a2", "b2", "b3");
        stream.assertNoGap();
    }

    @Test
    default void fromLastOfManyTopicsHasOnlyTheNewestOfEach() {
        TestHub hub = hub();
        List<String> expected = new ArrayList<>();
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 1_500; i++) {
                hub.publish("t/" + i, round + "." + i);
            }
        }
        for (int i = 0; i < 500; i++) {
            hub.publish("t/" + i, "2." + i);
        }
        for (int i = 500; i < 1_500; i++) {
            expected.add("1." + i);
        }
        for (int i = 0; i < 500; i++) {
            expected.add("2." + i);
        }
        hub.publish("t/1499", "between");
        expected.remove("1.1499");
        expected.add("between");

        Stream stream = hub.open(Subscription.to("t/*").from(Start.LAST));
        hub.awaitLive(stream);
        hub.publish("t/1", "end");
        expected.add("end");
        await().until(() -> stream.sink().data().contains("end"));
        stream.assertData(expected);
        stream.assertNoGap();
    }

    @Test
    default void fromTheNewestSoManyHasTheseOverAllSelectorsTogether() {
        TestHub hub = hub();
        for (int i = 0; i < 9; i++) {
            hub.publish(i % 2 == 0 ? "a" : "b", "e" + i);
        }
        Stream stream = hub.open(Subscription.to("a", "b").from(Start.newest(3)));
        stream.awaitData("e6", "e7", "e8");
        assertThat(stream.openId())
                .isLessThan(Position.parse(stream.firstEvent().id()));
        hub.publish("a", "e9");
        stream.awaitData("e6", "e7", "e8", "e9");
        hub.open(Subscription.to("a").from(Start.newest(100))).awaitData("e0", "e2", "e4", "e6", "e8", "e9");
        stream.assertNoGap();
    }

    @Test
    default void fromAPositionHasWhatIsAfterIt() {
        TestHub hub = hub();
        hub.publish("a", "1");
        String second = hub.publish("a", "2");
        hub.publish("a", "3");
        Stream stream = hub.open(Subscription.to("a").from(Start.after(Position.parse(second))));
        stream.awaitData("3");
        assertThat(Position.text(stream.openId())).isEqualTo(second);
        stream.assertNoGap();
    }

    @Test
    default void fromATimeHasWhatIsNotBeforeIt() {
        TestClock clock = new TestClock(System.currentTimeMillis() - 60_000);
        TestHub hub = hub(Retention.DEFAULT, clock, TestHub.SETTINGS);
        clock.advance(Duration.ofMillis(10));
        hub.publish("a", "1");
        clock.advance(Duration.ofMillis(10));
        hub.publish("a", "2");
        hub.publish("a", "3");
        Stream stream = hub.open(Subscription.to("a").from(Start.at(clock.instant())));
        stream.awaitData("2", "3");
        stream.assertNoGap();
    }

    @Test
    default void fromATimeAfterTheNewestEventIsLiveWithoutAGap() {
        TestClock clock = new TestClock(System.currentTimeMillis() - 3_600_000);
        TestHub hub = hub(Retention.DEFAULT, clock, TestHub.SETTINGS);
        hub.publish("a", "an hour old");
        clock.advance(Duration.ofMinutes(50));
        Stream stream = hub.open(Subscription.to("a").from(Start.at(Instant.ofEpochMilli(clock.millis() - 600_000))));
        hub.awaitLive(stream);
        hub.publish("a", "new");
        stream.awaitData("new");
        stream.assertNoGap();
    }

    @Test
    default void fromATimeBeforeTheHorizonHasAGap() {
        TestClock clock = new TestClock(System.currentTimeMillis() - 60_000);
        TestHub hub = hub(perTopic(1), clock, TestHub.windowOf(1));
        clock.advance(Duration.ofMillis(10));
        Instant time = clock.instant();
        hub.publish("a", "1");
        String second = hub.publish("a", "2");
        Stream stream = hub.open(Subscription.to("a").from(Start.at(time)));
        stream.awaitData("2");

        assertThat(stream.types()).containsExactly("fanfare-open", "fanfare-gap", "message");
        stream.assertGap("expired", Position.parse(second) - 1, "a");
    }

    @Test
    default void openCanBeLeftOut() {
        TestHub hub = hub();
        Subscription to = Subscription.to("a");
        Stream stream = hub.open(new Subscription(
                to.selection(),
                Start.NOW,
                null,
                Form.PLAIN,
                Slow.CATCH_UP,
                to.heartbeat(),
                false,
                Duration.ofMillis(700),
                false));
        hub.awaitLive(stream);
        assertThat(stream.sink().text()).isEqualTo(":\nretry: 700\n");
        hub.publish("a", "1");
        stream.awaitData("1");
        assertThat(stream.types()).containsExactly("message");
    }

    @Test
    default void theTypesAskedForApplyBeforeLastAndTheNewestSoMany() {
        TestHub hub = hub();
        hub.publish(Publication.of("a", Event.of("red", "1")));
        hub.publish(Publication.of("a", Event.of("red", "2")));
        hub.publish(Publication.of("a", Event.of("blue", "3")));
        Selection red = new Selection(List.of(Selector.of("a")), Set.of("red"));
        for (Start start : List.of(Start.LAST, Start.newest(1))) {
            Stream stream = hub.open(with(red, Form.PLAIN, Slow.CATCH_UP).from(start));
            stream.awaitData("2");
        }
        Stream live = hub.open(with(red, Form.PLAIN, Slow.CATCH_UP));
        hub.publish(Publication.of("a", Event.of("blue", "4")));
        hub.publish(Publication.of("a", Event.of("red", "5")));
        live.awaitData("5");
    }

    // coming back

    @Test
    default void resumesInsideTheWindowWithoutLossOrOpen() {
        TestHub hub = hub();
        String first = hub.publish("a", "1");
        hub.publish("b", "x");
        hub.publish("a", "2");
        Stream stream = hub.open(Subscription.to("a").resumeAfter(first).from(Start.OLDEST));
        stream.awaitData("2");
        hub.publish("a", "3");
        stream.awaitData("2", "3");
        assertThat(stream.types()).containsExactly("message", "message");
    }

    @Test
    default void resumesBehindTheWindowFromTheLog() {
        TestHub hub = hub(TestHub.windowOf(2_000));
        String first = hub.publish("a", "first");
        List<String> all = hub.publishMany("a", "e", 2_500);
        for (String selector : new String[] {"a", "*"}) {
            Stream stream = hub.open(Subscription.to(selector).resumeAfter(first));
            hub.awaitLive(stream);
            stream.assertData(all);
            stream.assertNoGap();
        }
    }

    @Test
    default void resumesBehindTheHorizonWithAGapFirst() {
        TestHub hub = hub(perTopic(2), InstantSource.system(), TestHub.windowOf(1));
        String first = hub.publish("a", "1");
        hub.publish("a", "2");
        String third = hub.publish("a", "3");
        hub.publish("a", "4");
        Stream stream = hub.open(Subscription.to("a", "quiet/*").resumeAfter(first));
        stream.awaitData("3", "4");

        assertThat(stream.types()).containsExactly("fanfare-gap", "message", "message");
        assertThat(stream.sink().received().get(0).data())
                .isEqualTo("{\"after\":\"" + first + "\",\"resumedAt\":\"" + Position.text(Position.parse(third) - 1)
                        + "\",\"topics\":[\"a\"],\"reason\":\"expired\"}");
    }

    @Test
    default void aGapWithNothingAfterItResumesAtTheTail() {
        TestClock clock = new TestClock(1_763_683_200_000L);
        TestHub hub = hub(age(Duration.ofMinutes(1)), clock, TestHub.windowOf(1));
        String first = hub.publish("a", "1");
        hub.publish("a", "2");
        clock.advance(Duration.ofMinutes(2));
        String last = hub.publish("b", "x");
        Stream stream = hub.open(Subscription.to("a").resumeAfter(first));
        hub.awaitLive(stream);
        stream.assertGap("expired", Position.parse(last), "a");
        assertThat(stream.sink().lastEventId()).isEqualTo(last);
        hub.publish("a", "3");
        stream.awaitData("3");
    }

    @Test
    default void anIdAboveTheTailIsOfALostLog() {
        TestHub hub = hub();
        String last = hub.publish("a", "1");
        Stream stream =
                hub.open(Subscription.to("a").resumeAfter(Position.text(Position.parse(last) + (5_000L << 20))));
        hub.awaitLive(stream);
        stream.assertGap("log-lost", Position.parse(last), "a");
        hub.publish("a", "2");
        stream.awaitData("2");
    }

    @Test
    default void anIdOfAnEarlierLogIsOfALostLog() {
        TestHub hub = hub();
        String first = hub.publish("a", "1");
        String old = Position.text(Position.parse(first) - (60_000L << 20));
        Stream stream = hub.open(Subscription.to("a").resumeAfter(old));
        stream.awaitData("1");
        stream.assertGap("log-lost", Position.parse(first) - 1, "a");
    }

    @Test
    default void resumesAfterAPublishersOwnId() {
        TestHub hub = hub();
        hub.publish("a", "0");
        hub.publish(Publication.of("a", Event.message("1").withId("mine")));
        hub.publish(Publication.of("b", Event.message("other").withId("mine")));
        hub.publish("a", "2");
        Stream stream = hub.open(Subscription.to("a").resumeAfter("mine"));
        stream.awaitData("2");
        assertThat(stream.types()).containsExactly("message");

        Stream live = hub.open(Subscription.to("a"));
        hub.publish(Publication.of("a", Event.message("3").withId("own")));
        live.awaitData("3");
        assertThat(live.sink().lastEventId()).isEqualTo("own");
    }

    @Test
    default void anUnknownIdHasAGapAndGoesOnAsFromSays() {
        TestHub hub = hub();
        String first = hub.publish("a", "1");
        String last = hub.publish("a", "2");
        Stream now = hub.open(Subscription.to("a").resumeAfter("nobody"));
        hub.awaitLive(now);
        now.assertGap("unknown-id", Position.parse(last), "a");
        assertThat(now.sink().received().get(0).data()).contains("\"after\":\"nobody\"");

        Stream start = hub.open(Subscription.to("a").resumeAfter("nobody").from(Start.OLDEST));
        start.awaitData("1", "2");
        start.assertGap("unknown-id", Position.parse(first) - 1, "a");
        Stream newest = hub.open(Subscription.to("a").resumeAfter("nobody").from(Start.newest(1)));
        newest.awaitData("2");
        newest.assertGap("unknown-id", Position.parse(last) - 1, "a");
        hub.publish("a", "3");
        now.awaitData("3");
        start.awaitData("1", "2", "3");
        newest.awaitData("2", "3");
    }

    @Test
    default void aDeletedHistoryIsGoneAndAResumeSaysSo() {
        TestHub hub = hub();
        String first = hub.publish("a", "1");
        hub.publish("a", "2");
        Stream open = hub.open(Subscription.to("a"));
        hub.awaitLive(open);
        hub.delete("a");
        for (Start start : List.of(Start.OLDEST, Start.LAST, Start.newest(10))) {
            Stream stream = hub.open(Subscription.to("a").from(start));
            hub.awaitLive(stream);
            assertThat(stream.sink().data()).as("from %s", start).isEmpty();
        }
        hub.publish("a", "3");
        Stream stream = hub.open(Subscription.to("a").resumeAfter(first));
        stream.awaitData("3");
        assertThat(stream.types()).containsExactly("fanfare-gap", "message");
        assertThat(stream.sink().received().get(0).data()).contains("\"reason\":\"deleted\"");
        open.awaitData("3");
        open.assertNoGap();
    }

    @Test
    default void aStreamThatBeganWithTheNewestIsToldOfItsGapsLater() {
        TestHub hub = hub(perTopic(1), InstantSource.system(), TestHub.windowOf(5_000));
        hub.publish("a", "1");
        Stream stream = hub.open(Subscription.to("a").from(Start.newest(1)));
        stream.awaitData("1");
        stream.sink().block();
        hub.publishMany("a", "e", 50);
        hub.passed();
        hub.unblock(stream);
        stream.awaitData("1", "e49");
        assertThat(stream.sink().ofType("fanfare-gap")).hasSize(1);
    }
}
