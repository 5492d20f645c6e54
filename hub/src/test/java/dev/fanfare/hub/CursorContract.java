package dev.fanfare.hub;

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
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a stream gets, whatever its log's reads are like. */
abstract class CursorContract {
    private final List<TestHub> hubs = new ArrayList<>();

    abstract EventLog log(Retention retention, InstantSource clock);

    @AfterEach
    void closeHubs() {
        hubs.forEach(TestHub::close);
    }

    // where a stream begins

    @Test
    void beginsWithItsPreambleAndTheOpenEvent() {
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
    void fromNowHasWhatComesNext() {
        TestHub hub = hub();
        hub.publish("a", "before");
        Stream stream = hub.open(Subscription.to("a"));
        String id = hub.publish("a", "after");
        hub.publish("b", "other");

        awaitData(stream, "after");
        Received event = stream.sink().received().get(1);
        assertThat(event.id()).isEqualTo(id);
        assertThat(event.type()).isEqualTo("message");
    }

    @Test
    void fromStartHasAllThatIsHeld() {
        TestHub hub = hub();
        String first = hub.publish("a", "1");
        hub.publish("b", "x");
        hub.publish("a", "2");
        Stream stream = hub.open(Subscription.to("a").from(Start.OLDEST));
        awaitData(stream, "1", "2");
        hub.publish("a", "3");
        awaitData(stream, "1", "2", "3");

        assertThat(openId(stream)).isEqualTo(Position.parse(first) - 1);
        assertNoGap(stream);
    }

    @Test
    void fromStartOfNothingIsLive() {
        TestHub hub = hub();
        Stream stream = hub.open(Subscription.to("a").from(Start.OLDEST));
        hub.awaitLive(stream);
        hub.publish("a", "1");
        awaitData(stream, "1");
        assertNoGap(stream);
    }

    @Test
    void fromLastHasTheNewestOfEachTopic() {
        TestHub hub = hub();
        hub.publish("t/a", "a1");
        hub.publish("t/b", "b1");
        hub.publish("t/a", "a2");
        Stream stream = hub.open(Subscription.to("t/*").from(Start.LAST));
        awaitData(stream, "b1", "a2");
        hub.publish("t/b", "b2");
        hub.publish("t/b", "b3");
        awaitData(stream, "b1", "a2", "b2", "b3");
        assertNoGap(stream);
    }

    @Test
    void fromLastOfManyTopicsHasOnlyTheNewestOfEach() {
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
        assertData(stream, expected);
        assertNoGap(stream);
    }

    @Test
    void fromTheNewestSoManyHasTheseOverAllSelectorsTogether() {
        TestHub hub = hub();
        for (int i = 0; i < 9; i++) {
            hub.publish(i % 2 == 0 ? "a" : "b", "e" + i);
        }
        Stream stream = hub.open(Subscription.to("a", "b").from(Start.newest(3)));
        awaitData(stream, "e6", "e7", "e8");
        assertThat(openId(stream)).isLessThan(Position.parse(firstEvent(stream).id()));
        hub.publish("a", "e9");
        awaitData(stream, "e6", "e7", "e8", "e9");
        awaitData(hub.open(Subscription.to("a").from(Start.newest(100))), "e0", "e2", "e4", "e6", "e8", "e9");
        assertNoGap(stream);
    }

    @Test
    void fromAPositionHasWhatIsAfterIt() {
        TestHub hub = hub();
        hub.publish("a", "1");
        String second = hub.publish("a", "2");
        hub.publish("a", "3");
        Stream stream = hub.open(Subscription.to("a").from(Start.after(Position.parse(second))));
        awaitData(stream, "3");
        assertThat(Position.text(openId(stream))).isEqualTo(second);
        assertNoGap(stream);
    }

    @Test
    void fromATimeHasWhatIsNotBeforeIt() {
        TestClock clock = new TestClock(System.currentTimeMillis() - 60_000);
        TestHub hub = hub(Retention.DEFAULT, clock, TestHub.SETTINGS);
        clock.advance(Duration.ofMillis(10));
        hub.publish("a", "1");
        clock.advance(Duration.ofMillis(10));
        hub.publish("a", "2");
        hub.publish("a", "3");
        Stream stream = hub.open(Subscription.to("a").from(Start.at(clock.instant())));
        awaitData(stream, "2", "3");
        assertNoGap(stream);
    }

    @Test
    void fromATimeAfterTheNewestEventIsLiveWithoutAGap() {
        TestClock clock = new TestClock(System.currentTimeMillis() - 3_600_000);
        TestHub hub = hub(Retention.DEFAULT, clock, TestHub.SETTINGS);
        hub.publish("a", "an hour old");
        clock.advance(Duration.ofMinutes(50));
        Stream stream = hub.open(Subscription.to("a").from(Start.at(Instant.ofEpochMilli(clock.millis() - 600_000))));
        hub.awaitLive(stream);
        hub.publish("a", "new");
        awaitData(stream, "new");
        assertNoGap(stream);
    }

    @Test
    void fromATimeBeforeTheHorizonHasAGap() {
        TestClock clock = new TestClock(System.currentTimeMillis() - 60_000);
        TestHub hub = hub(perTopic(1), clock, TestHub.windowOf(1));
        clock.advance(Duration.ofMillis(10));
        Instant time = clock.instant();
        hub.publish("a", "1");
        String second = hub.publish("a", "2");
        Stream stream = hub.open(Subscription.to("a").from(Start.at(time)));
        awaitData(stream, "2");

        assertThat(types(stream)).containsExactly("fanfare-open", "fanfare-gap", "message");
        assertGap(stream, "expired", Position.parse(second) - 1, "a");
    }

    @Test
    void openCanBeLeftOut() {
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
        awaitData(stream, "1");
        assertThat(types(stream)).containsExactly("message");
    }

    @Test
    void theTypesAskedForApplyBeforeLastAndTheNewestSoMany() {
        TestHub hub = hub();
        hub.publish(Publication.of("a", Event.of("red", "1")));
        hub.publish(Publication.of("a", Event.of("red", "2")));
        hub.publish(Publication.of("a", Event.of("blue", "3")));
        Selection red = new Selection(List.of(Selector.of("a")), Set.of("red"));
        for (Start start : List.of(Start.LAST, Start.newest(1))) {
            Stream stream = hub.open(with(red, Form.PLAIN, Slow.CATCH_UP).from(start));
            awaitData(stream, "2");
        }
        Stream live = hub.open(with(red, Form.PLAIN, Slow.CATCH_UP));
        hub.publish(Publication.of("a", Event.of("blue", "4")));
        hub.publish(Publication.of("a", Event.of("red", "5")));
        awaitData(live, "5");
    }

    // coming back

    @Test
    void resumesInsideTheWindowWithoutLossOrOpen() {
        TestHub hub = hub();
        String first = hub.publish("a", "1");
        hub.publish("b", "x");
        hub.publish("a", "2");
        Stream stream = hub.open(Subscription.to("a").resumeAfter(first).from(Start.OLDEST));
        awaitData(stream, "2");
        hub.publish("a", "3");
        awaitData(stream, "2", "3");
        assertThat(types(stream)).containsExactly("message", "message");
    }

    @Test
    void resumesBehindTheWindowFromTheLog() {
        TestHub hub = hub(Retention.DEFAULT, InstantSource.system(), TestHub.windowOf(2_000));
        String first = hub.publish("a", "first");
        List<String> all = hub.publishMany("a", "e", 2_500);
        for (String selector : new String[] {"a", "*"}) {
            Stream stream = hub.open(Subscription.to(selector).resumeAfter(first));
            hub.awaitLive(stream);
            assertData(stream, all);
            assertNoGap(stream);
        }
    }

    @Test
    void resumesBehindTheHorizonWithAGapFirst() {
        TestHub hub = hub(perTopic(2), InstantSource.system(), TestHub.windowOf(1));
        String first = hub.publish("a", "1");
        hub.publish("a", "2");
        String third = hub.publish("a", "3");
        hub.publish("a", "4");
        Stream stream = hub.open(Subscription.to("a", "quiet/*").resumeAfter(first));
        awaitData(stream, "3", "4");

        assertThat(types(stream)).containsExactly("fanfare-gap", "message", "message");
        assertThat(stream.sink().received().get(0).data())
                .isEqualTo("{\"after\":\"" + first + "\",\"resumedAt\":\"" + Position.text(Position.parse(third) - 1)
                        + "\",\"topics\":[\"a\"],\"reason\":\"expired\"}");
    }

    @Test
    void aGapWithNothingAfterItResumesAtTheTail() {
        TestClock clock = new TestClock(1_763_683_200_000L);
        TestHub hub = hub(age(Duration.ofMinutes(1)), clock, TestHub.windowOf(1));
        String first = hub.publish("a", "1");
        hub.publish("a", "2");
        clock.advance(Duration.ofMinutes(2));
        String last = hub.publish("b", "x");
        Stream stream = hub.open(Subscription.to("a").resumeAfter(first));
        hub.awaitLive(stream);
        assertGap(stream, "expired", Position.parse(last), "a");
        assertThat(stream.sink().lastEventId()).isEqualTo(last);
        hub.publish("a", "3");
        awaitData(stream, "3");
    }

    @Test
    void anIdAboveTheTailIsOfALostLog() {
        TestHub hub = hub();
        String last = hub.publish("a", "1");
        Stream stream =
                hub.open(Subscription.to("a").resumeAfter(Position.text(Position.parse(last) + (5_000L << 20))));
        hub.awaitLive(stream);
        assertGap(stream, "log-lost", Position.parse(last), "a");
        hub.publish("a", "2");
        awaitData(stream, "2");
    }

    @Test
    void anIdOfAnEarlierLogIsOfALostLog() {
        TestHub hub = hub();
        String first = hub.publish("a", "1");
        String old = Position.text(Position.parse(first) - (60_000L << 20));
        Stream stream = hub.open(Subscription.to("a").resumeAfter(old));
        awaitData(stream, "1");
        assertGap(stream, "log-lost", Position.parse(first) - 1, "a");
    }

    @Test
    void resumesAfterAPublishersOwnId() {
        TestHub hub = hub();
        hub.publish("a", "0");
        hub.publish(Publication.of("a", Event.message("1").withId("mine")));
        hub.publish(Publication.of("b", Event.message("other").withId("mine")));
        hub.publish("a", "2");
        Stream stream = hub.open(Subscription.to("a").resumeAfter("mine"));
        awaitData(stream, "2");
        assertThat(types(stream)).containsExactly("message");

        Stream live = hub.open(Subscription.to("a"));
        hub.publish(Publication.of("a", Event.message("3").withId("own")));
        awaitData(live, "3");
        assertThat(live.sink().lastEventId()).isEqualTo("own");
    }

    @Test
    void anUnknownIdHasAGapAndGoesOnAsFromSays() {
        TestHub hub = hub();
        String first = hub.publish("a", "1");
        String last = hub.publish("a", "2");
        Stream now = hub.open(Subscription.to("a").resumeAfter("nobody"));
        hub.awaitLive(now);
        assertGap(now, "unknown-id", Position.parse(last), "a");
        assertThat(now.sink().received().get(0).data()).contains("\"after\":\"nobody\"");

        Stream start = hub.open(Subscription.to("a").resumeAfter("nobody").from(Start.OLDEST));
        awaitData(start, "1", "2");
        assertGap(start, "unknown-id", Position.parse(first) - 1, "a");
        Stream newest = hub.open(Subscription.to("a").resumeAfter("nobody").from(Start.newest(1)));
        awaitData(newest, "2");
        assertGap(newest, "unknown-id", Position.parse(last) - 1, "a");
        hub.publish("a", "3");
        awaitData(now, "3");
        awaitData(start, "1", "2", "3");
        awaitData(newest, "2", "3");
    }

    @Test
    void aDeletedHistoryIsGoneAndAResumeSaysSo() {
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
        awaitData(stream, "3");
        assertThat(types(stream)).containsExactly("fanfare-gap", "message");
        assertThat(stream.sink().received().get(0).data()).contains("\"reason\":\"deleted\"");
        awaitData(open, "3");
        assertNoGap(open);
    }

    @Test
    void aStreamThatBeganWithTheNewestIsToldOfItsGapsLater() {
        TestHub hub = hub(perTopic(1), InstantSource.system(), TestHub.windowOf(5_000));
        hub.publish("a", "1");
        Stream stream = hub.open(Subscription.to("a").from(Start.newest(1)));
        awaitData(stream, "1");
        stream.sink().block();
        hub.publishMany("a", "e", 50);
        hub.passed();
        hub.unblock(stream);
        awaitData(stream, "1", "e49");
        assertThat(stream.sink().ofType("fanfare-gap")).hasSize(1);
    }

    // broadcasts

    @Test
    void broadcastsReachEveryStreamAndEveryResumeButNoStart() {
        TestHub hub = hub();
        String first = hub.publish("a", "1");
        hub.publish("@all", "early");
        Stream live = hub.open(Subscription.to("a"));
        Stream pattern = hub.open(Subscription.to("b/*"));
        Stream start = hub.open(Subscription.to("a").from(Start.OLDEST));
        Stream last = hub.open(Subscription.to("a").from(Start.LAST));
        Stream newest = hub.open(Subscription.to("a").from(Start.newest(5)));
        Stream resumed = hub.open(Subscription.to("a").resumeAfter(first));
        List.of(live, pattern, start, last, newest, resumed).forEach(hub::awaitLive);
        hub.publish("@all", "late");

        awaitData(live, "late");
        awaitData(pattern, "late");
        awaitData(start, "1", "late");
        awaitData(last, "1", "late");
        awaitData(newest, "1", "late");
        awaitData(resumed, "early", "late");
    }

    // what an event looks like

    @Test
    void eachFormIsItsOwnAndAnEventOfSeveralMatchesComesOnce() {
        TestClock clock = new TestClock(1_763_683_200_000L);
        TestHub hub = hub(Retention.DEFAULT, clock, TestHub.SETTINGS);
        Selection all = Selection.of("a", "b", "*", "**");
        Stream plain = hub.open(with(all, Form.PLAIN, Slow.CATCH_UP));
        Stream topic = hub.open(with(all, Form.TOPIC, Slow.CATCH_UP));
        Stream envelope = hub.open(with(all, Form.ENVELOPE, Slow.CATCH_UP));
        Stream also = hub.open(with(all, Form.ALSO, Slow.CATCH_UP));
        String id = hub.publish(
                new Publication(List.of(Topic.of("a"), Topic.of("b")), Event.of("paid", "42\n\"x\""), null));
        List.of(plain, topic, envelope, also)
                .forEach(stream -> await().until(() -> stream.sink().received().size() == 2));

        assertThat(plain.sink().text()).endsWith("event: paid\ndata: 42\ndata: \"x\"\nid: " + id + "\n\n");
        assertThat(topic.sink().text()).endsWith("event: paid\ntopic: a\ndata: 42\ndata: \"x\"\nid: " + id + "\n\n");
        assertThat(also.sink().text())
                .endsWith("also: b\nevent: paid\ntopic: a\ndata: 42\ndata: \"x\"\nid: " + id + "\n\n");
        assertThat(firstEvent(envelope).data())
                .isEqualTo(
                        "{\"topic\":\"a\",\"event\":\"paid\",\"time\":\"2025-11-21T00:00:00Z\",\"data\":\"42\\n\\\"x\\\"\"}");
        assertThat(firstEvent(envelope).type()).isEqualTo("paid");

        Stream history = hub.open(with(all, Form.ENVELOPE, Slow.CATCH_UP).from(Start.OLDEST));
        awaitData(history, firstEvent(envelope).data());
    }

    // slow readers

    @Test
    void anUnwritableSinkLagsAndRejoinsWithoutLossOrDoubling() {
        for (long windowBytes : new long[] {64 << 20, 3_000}) {
            TestHub hub = hub(Retention.DEFAULT, InstantSource.system(), TestHub.windowOf(windowBytes));
            Stream slow = hub.open(Subscription.to("a"));
            Stream quick = hub.open(Subscription.to("a"));
            hub.awaitLive(slow);
            List<String> expected = new ArrayList<>(hub.publishMany("a", "one", 3));
            await().until(() -> slow.sink().data().size() == 3);
            slow.sink().block();
            expected.addAll(hub.publishMany("a", "two", 300));
            hub.passed();
            assertThat(slow.sink().data()).hasSize(3);
            assertThat(hub.onLoop(slow.cursor()::isLagging)).isTrue();
            slow.sink().open(1);
            hub.onLoop(slow.cursor()::resume);
            expected.addAll(hub.publishMany("a", "three", 300));
            hub.unblock(slow);
            expected.addAll(hub.publishMany("a", "four", 300));
            hub.awaitLive(slow);
            hub.awaitLive(quick);

            assertData(slow, expected);
            assertData(quick, expected);
            assertNoGap(slow);
        }
    }

    @Test
    void noWriteIsMuchLargerThanItsBound() {
        TestHub hub = hub();
        Stream stream = hub.open(Subscription.to("a"));
        hub.awaitLive(stream);
        stream.sink().block();
        for (int i = 0; i < 400; i++) {
            hub.publish("a", "x".repeat(1_000));
        }
        hub.passed();
        hub.unblock(stream);
        Stream history = hub.open(Subscription.to("*").from(Start.OLDEST));
        for (Stream one : List.of(stream, history)) {
            await().until(() -> one.sink().data().size() == 400);
            assertThat(one.sink().largestWrite()).isLessThanOrEqualTo(Loop.MOST_BYTES_A_WRITE + 2_000);
            assertThat(one.sink().writes()).isLessThan(20);
        }
    }

    @Test
    void slowLatestSkipsToTheNewestOfEachTopicAndSaysHowManyItSkipped() {
        for (long windowBytes : new long[] {64 << 20, 2_000}) {
            TestHub hub = hub(Retention.DEFAULT, InstantSource.system(), TestHub.windowOf(windowBytes));
            Stream stream = hub.open(with(Selection.of("t/*"), Form.PLAIN, Slow.LATEST));
            hub.awaitLive(stream);
            String last = hub.publish("t/0", "seen");
            awaitData(stream, "seen");
            stream.sink().block();
            for (int i = 0; i < 300; i++) {
                hub.publish("t/" + i % 3, "e" + i);
                hub.publish("other/" + i, "x");
            }
            hub.passed();
            hub.unblock(stream);
            awaitData(stream, "seen", "e297", "e298", "e299");
            hub.publish("t/1", "after");
            awaitData(stream, "seen", "e297", "e298", "e299", "after");

            assertThat(types(stream))
                    .containsExactly(
                            "fanfare-open", "message", "fanfare-gap", "message", "message", "message", "message");
            Received gap = stream.sink().received().get(2);
            assertThat(gap.data()).contains("\"reason\":\"slow-consumer\",\"skipped\":297", "\"topics\":[\"t/*\"]");
            long resumedAt = Position.parse(gap.id());
            assertThat(gap.data()).contains("\"resumedAt\":\"" + gap.id() + "\"");
            assertThat(resumedAt)
                    .isGreaterThan(Position.parse(last))
                    .isLessThan(Position.parse(stream.sink().received().get(3).id()));
        }
    }

    @Test
    void slowLatestThatSkippedNothingSaysNothing() {
        TestHub hub = hub();
        Stream stream = hub.open(with(Selection.of("a", "b"), Form.PLAIN, Slow.LATEST));
        hub.awaitLive(stream);
        stream.sink().block();
        hub.publish("a", "1");
        hub.publish("b", "2");
        hub.passed();
        hub.unblock(stream);
        awaitData(stream, "1", "2");
        assertNoGap(stream);
    }

    @Test
    void slowCloseEndsTheStreamWithAReconnectionTime() {
        TestHub hub = hub();
        Stream stream = hub.open(with(Selection.of("a"), Form.PLAIN, Slow.CLOSE));
        hub.awaitLive(stream);
        stream.sink().block();
        hub.publish("a", "1");
        await().until(stream.sink()::ended);
        assertThat(stream.sink().text()).containsPattern("retry: [3-5]\\d{3}\n$");
        assertThat(stream.sink().data()).isEmpty();
        await().until(() -> hub.loop.cursors() == 0);
    }

    @Test
    void manyLaggingCursorsOfOnePlaceAllGetEverything() {
        TestHub hub = hub(Retention.DEFAULT, InstantSource.system(), TestHub.windowOf(2_000));
        String first = hub.publish("a", "first");
        List<String> expected = hub.publishMany("a", "e", 1_200);
        List<Stream> streams = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            streams.add(hub.open(Subscription.to(i % 2 == 0 ? "a" : "a/**").resumeAfter(first)));
        }
        for (Stream stream : streams) {
            hub.awaitLive(stream);
            assertData(stream, expected);
        }
    }

    // staying known to the log

    @Test
    void aFilteredStreamsIdIsMovedOnBeforeTenThousandEntriesHavePassed() {
        TestHub hub = hub();
        Stream stream = hub.open(Subscription.to("quiet"));
        hub.awaitLive(stream);
        List<Long> positions = new ArrayList<>();
        for (int round = 1; round <= 25; round++) {
            List<CompletionStage<String>> published = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                published.add(hub.hub.publish("busy", Event.message("x")));
            }
            published.forEach(
                    id -> positions.add(Position.parse(id.toCompletableFuture().join())));
            hub.passed();
            long known = Position.parse(stream.sink().lastEventId());
            assertThat(positions.stream().filter(position -> position > known).count())
                    .as("entries the id is behind, after %d thousand", round)
                    .isLessThanOrEqualTo(10_000);
        }
        assertThat(stream.sink().ofType("fanfare-heartbeat")).hasSizeBetween(2, 5);
        String id = stream.sink().lastEventId();
        hub.publish("quiet", "1");
        awaitData(stream, "1");
        awaitData(hub.open(Subscription.to("quiet").resumeAfter(id)), "1");
    }

    @Test
    void aQuietStreamsIdIsMovedOnBeforeAQuarterOfTheRetentionHasPassed() {
        TestHub hub = hub(
                Retention.DEFAULT,
                InstantSource.system(),
                new HubSettings(64 << 20, Duration.ofSeconds(8), Duration.ofSeconds(3), Duration.ofSeconds(60)));
        Stream stream = hub.open(Subscription.to("quiet")); // its heartbeat is longer than the retention
        hub.awaitLive(stream);
        String other = hub.publish("busy", "x");
        await().atMost(Duration.ofSeconds(4))
                .until(() -> stream.sink().lastEventId().equals(other));
        assertThat(types(stream)).containsExactly("fanfare-open", "fanfare-heartbeat");
        assertThat(stream.sink().ofType("fanfare-heartbeat").get(0).data()).isEmpty();
    }

    // helpers

    TestHub hub() {
        return hub(Retention.DEFAULT, InstantSource.system(), TestHub.SETTINGS);
    }

    TestHub hub(Retention retention, InstantSource clock, HubSettings settings) {
        TestHub hub = new TestHub(log(retention, clock), settings);
        hubs.add(hub);
        return hub;
    }

    static Retention perTopic(long events) {
        return new Retention(Duration.ofHours(24), 256L << 20, events, false, 10_000_000, Duration.ZERO);
    }

    static Retention age(Duration age) {
        return new Retention(age, 256L << 20, Long.MAX_VALUE, false, 10_000_000, Duration.ZERO);
    }

    static Subscription with(Selection selection, Form form, Slow slow) {
        return new Subscription(
                selection, Start.NOW, null, form, slow, Duration.ofSeconds(15), false, Duration.ofSeconds(3), true);
    }

    static void awaitData(Stream stream, String... data) {
        await().pollInterval(Duration.ofMillis(2))
                .untilAsserted(() -> assertThat(stream.sink().data()).containsExactly(data));
    }

    /** For many events: names what is missing and what is too much, not all. */
    static void assertData(Stream stream, List<String> expected) {
        List<String> data = stream.sink().data();
        Set<String> missing = new LinkedHashSet<>(expected);
        data.forEach(missing::remove);
        Set<String> foreign = new LinkedHashSet<>(data);
        expected.forEach(foreign::remove);
        assertThat(missing).as("missing").isEmpty();
        assertThat(foreign).as("too much").isEmpty();
        assertThat(data).hasSameSizeAs(expected);
        assertThat(data.equals(expected)).as("in order").isTrue();
    }

    static List<String> types(Stream stream) {
        return stream.sink().received().stream().map(Received::type).toList();
    }

    private static long openId(Stream stream) {
        assertThat(stream.sink().received().get(0).type()).isEqualTo("fanfare-open");
        return Position.parse(stream.sink().received().get(0).id());
    }

    private static Received firstEvent(Stream stream) {
        return stream.sink().received().stream()
                .filter(one -> !one.isControl())
                .findFirst()
                .orElseThrow();
    }

    static void assertNoGap(Stream stream) {
        assertThat(stream.sink().ofType("fanfare-gap")).isEmpty();
    }

    private static void assertGap(Stream stream, String reason, long resumedAt, String topic) {
        List<Received> gaps = stream.sink().ofType("fanfare-gap");
        assertThat(gaps).hasSize(1);
        assertThat(gaps.get(0).data())
                .contains(
                        "\"reason\":\"" + reason + "\"",
                        "\"topics\":[\"" + topic + "\"",
                        "\"resumedAt\":\"" + gaps.get(0).id() + "\"");
        assertThat(gaps.get(0).id()).isEqualTo(Position.text(resumedAt));
    }
}
