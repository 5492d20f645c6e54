package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.RecordingSink.Received;
import dev.fanfare.hub.Subscription.Slow;
import dev.fanfare.hub.TestHub.Stream;
import dev.fanfare.stream.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What a stream gets, whatever its log's reads are like. */
abstract class CursorContract extends HubFixture implements StartContract {

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

        live.awaitData("late");
        pattern.awaitData("late");
        start.awaitData("1", "late");
        last.awaitData("1", "late");
        newest.awaitData("1", "late");
        resumed.awaitData("early", "late");
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
        assertThat(envelope.firstEvent().data())
                .isEqualTo(
                        "{\"topic\":\"a\",\"event\":\"paid\",\"time\":\"2025-11-21T00:00:00Z\",\"data\":\"42\\n\\\"x\\\"\"}");
        assertThat(envelope.firstEvent().type()).isEqualTo("paid");

        Stream history = hub.open(with(all, Form.ENVELOPE, Slow.CATCH_UP).from(Start.OLDEST));
        history.awaitData(envelope.firstEvent().data());
    }

    // slow readers

    @Test
    void anUnwritableSinkLagsAndRejoinsWithoutLossOrDoubling() {
        for (long windowBytes : new long[] {64 << 20, 3_000}) {
            TestHub hub = hub(TestHub.windowOf(windowBytes));
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

            slow.assertData(expected);
            quick.assertData(expected);
            slow.assertNoGap();
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
            TestHub hub = hub(TestHub.windowOf(windowBytes));
            Stream stream = hub.open(with(Selection.of("t/*"), Form.PLAIN, Slow.LATEST));
            hub.awaitLive(stream);
            String last = hub.publish("t/0", "seen");
            stream.awaitData("seen");
            stream.sink().block();
            for (int i = 0; i < 300; i++) {
                hub.publish("t/" + i % 3, "e" + i);
                hub.publish("other/" + i, "x");
            }
            hub.passed();
            hub.unblock(stream);
            stream.awaitData("seen", "e297", "e298", "e299");
            hub.publish("t/1", "after");
            stream.awaitData("seen", "e297", "e298", "e299", "after");

            assertThat(stream.types())
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
        stream.awaitData("1", "2");
        stream.assertNoGap();
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
        TestHub hub = hub(TestHub.windowOf(2_000));
        String first = hub.publish("a", "first");
        List<String> expected = hub.publishMany("a", "e", 1_200);
        List<Stream> streams = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            streams.add(hub.open(Subscription.to(i % 2 == 0 ? "a" : "a/**").resumeAfter(first)));
        }
        for (Stream stream : streams) {
            hub.awaitLive(stream);
            stream.assertData(expected);
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
        stream.awaitData("1");
        hub.open(Subscription.to("quiet").resumeAfter(id)).awaitData("1");
    }

    @Test
    void aQuietStreamsIdIsMovedOnBeforeAQuarterOfTheRetentionHasPassed() {
        TestHub hub =
                hub(new HubSettings(64 << 20, Duration.ofSeconds(8), Duration.ofSeconds(3), Duration.ofSeconds(60)));
        Stream stream = hub.open(Subscription.to("quiet")); // its heartbeat is longer than the retention
        hub.awaitLive(stream);
        String other = hub.publish("busy", "x");
        await().atMost(Duration.ofSeconds(4))
                .until(() -> stream.sink().lastEventId().equals(other));
        assertThat(stream.types()).containsExactly("fanfare-open", "fanfare-heartbeat");
        assertThat(stream.sink().ofType("fanfare-heartbeat").get(0).data()).isEmpty();
    }
}
