package dev.fanfare.hub;

import static dev.fanfare.hub.Logs.age;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.RecordingSink.Received;
import dev.fanfare.hub.Subscription.Slow;
import dev.fanfare.hub.TestHub.Stream;
import dev.fanfare.stream.Event;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When and how the end of topics ends a stream, whatever its log's reads are like. */
public abstract class EndContract extends HubFixture {

    /** Has a log remove now what it should, if it does not when it is used. */
    protected void retain(EventLog log) {}

    // streams that see the end come

    @ParameterizedTest
    @EnumSource(Form.class)
    void aLiveStreamGetsTheEndAfterAllEventsAndIsClosed(Form form) {
        TestHub hub = hub();
        Stream stream = hub.open(with(Selection.of("a"), form, Slow.CATCH_UP));
        hub.awaitLive(stream);
        for (int i = 0; i < 3; i++) {
            hub.publish("a", "e" + i);
        }
        String end = end(hub, "a", TopicEnded.Reason.ABORTED);

        assertToldTheEnd(hub, stream, end);
        assertThat(stream.sink().text())
                .endsWith("event: fanfare-end\ndata: {\"reason\":\"aborted\"}\nid: " + end + "\n\n");
        assertThat(stream.sink().data()).hasSize(3);
        stream.assertNoGap();
    }

    @Test
    void theEndComesWhateverTypesAreWanted() {
        TestHub hub = hub();
        Selection paid = new Selection(List.of(Selector.of("a")), Set.of("paid"));
        Stream live = hub.open(with(paid, Form.PLAIN, Slow.CATCH_UP));
        hub.publish("a", "unpaid");
        hub.publish(Publication.of("a", new Event("paid", "p", null, Event.NO_RETRY)));
        String end = end(hub, "a");

        assertEnded(hub, live, end, "p");
        assertEnded(hub, hub.open(Subscription.to("a").from(Start.OLDEST)), end, "unpaid", "p");
    }

    @Test
    void aStreamOfSeveralTopicsEndsWithTheLastOfThem() {
        TestHub hub = hub();
        Stream stream = hub.open(Subscription.to("a", "b", "c"));
        hub.publish("a", "a1");
        end(hub, "a");
        hub.publish("b", "b1");
        hub.publish("c", "c1");
        end(hub, "c");
        hub.publish("b", "b2");
        stream.awaitData("a1", "b1", "c1", "b2");
        assertThat(stream.types()).doesNotContain("fanfare-end");
        assertThat(stream.sink().ended()).isFalse();

        String last = end(hub, "b", TopicEnded.Reason.CANCELLED);
        assertEnded(hub, stream, last, "a1", "b1", "c1", "b2");
        assertThat(stream.sink().ofType("fanfare-end").get(0).data()).isEqualTo("{\"reason\":\"cancelled\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "a/**", "**"})
    void aStreamWithAPatternGoesOn(String pattern) {
        TestHub hub = hub();
        Stream live = hub.open(Subscription.to("a", pattern));
        hub.publish("a", "1");
        end(hub, "a");
        Stream later = hub.open(Subscription.to("a", pattern).from(Start.OLDEST));
        hub.publish("other", "-");
        hub.publish(new Publication(List.of(Topic.ALL), Event.message("all"), null));

        for (Stream stream : List.of(live, later)) {
            await().until(() -> stream.sink().data().contains("all"));
            assertThat(stream.sink().data()).contains("1");
            assertThat(stream.types()).doesNotContain("fanfare-end");
            assertThat(stream.sink().ended()).isFalse();
        }
    }

    @Test
    void aBlockedStreamIsToldWhenItReadsOn() {
        TestHub hub = hub(TestHub.windowOf(1));
        Stream stream = hub.open(Subscription.to("a"));
        hub.awaitLive(stream);
        stream.sink().block();
        hub.publish("a", "1");
        hub.publish("a", "2");
        String end = end(hub, "a");
        hub.passed();
        assertThat(stream.sink().ended()).isFalse();

        hub.unblock(stream);
        assertEnded(hub, stream, end, "1", "2");
    }

    @Test
    void aStreamThatIsBlockedOnlyWhenTheEndComesIsToldWhenItReadsOn() {
        TestHub hub = hub();
        Stream stream = hub.open(Subscription.to("a"));
        hub.publish("a", "1");
        hub.awaitLive(stream);
        stream.awaitData("1");
        stream.sink().block();
        String end = end(hub, "a");
        hub.passed();
        assertThat(stream.sink().ended()).isFalse();

        hub.unblock(stream);
        assertEnded(hub, stream, end, "1");
    }

    @Test
    void aSinkThatTakesAFewFramesAtATimeGetsAllBeforeTheEnd() {
        TestHub hub = hub();
        List<String> expected = hub.publishMany("a", "e", 20);
        String end = end(hub, "a");
        RecordingSink sink = new RecordingSink() {
            @Override
            int mostTaken(int frames) {
                return Math.min(3, frames);
            }
        };
        Stream stream = hub.open(Subscription.to("a").from(Start.OLDEST), sink);
        await().pollInterval(Duration.ofMillis(2)).until(() -> {
            hub.unblock(stream);
            return sink.ended();
        });
        assertEnded(hub, stream, end, expected.toArray(String[]::new));
    }

    @Test
    void aSlowStreamThatSkipsToTheLatestIsToldTheEndAfterIt() {
        for (long window : new long[] {1, 64 << 20}) {
            TestHub hub = hub(TestHub.windowOf(window));
            Stream stream = hub.open(with(Selection.of("a", "b"), Form.PLAIN, Slow.LATEST));
            hub.awaitLive(stream);
            stream.sink().block();
            hub.publishMany("a", "a", 5);
            end(hub, "a");
            hub.publishMany("b", "b", 5);
            String end = end(hub, "b");
            hub.passed();

            hub.unblock(stream);
            assertEnded(hub, stream, end, "a4", "b4");
            List<Received> gaps = stream.sink().ofType("fanfare-gap");
            assertThat(gaps).hasSize(1);
            assertThat(gaps.get(0).data()).contains("slow-consumer", "\"skipped\":8");
        }
    }

    @Test
    void aBroadcastComesOnlyBeforeTheEnd() {
        TestHub hub = hub();
        Stream live = hub.open(Subscription.to("a"));
        String first = hub.publish("a", "1");
        Publication broadcast = new Publication(List.of(Topic.ALL), Event.message("all"), null);
        hub.publish(broadcast);
        String end = end(hub, "a");
        hub.publish(broadcast);

        assertEnded(hub, live, end, "1", "all");
        assertEnded(hub, hub.open(Subscription.to("a").resumeAfter(first)), end, "all");
    }

    @Test
    void aPullCursorReadsTheEndAndHasEnded() throws Exception {
        TestHub hub = hub();
        hub.publish("a", "1");
        String end = end(hub, "a");
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try (PullCursor cursor = hub.hub.pull(Subscription.to("a").from(Start.OLDEST))) {
            for (Batch batch = cursor.next(Duration.ofSeconds(20));
                    batch != null;
                    batch = cursor.next(Duration.ofSeconds(20))) {
                batch.writeTo(text);
            }
            assertThat(cursor.ended()).isTrue();
        }
        assertThat(text.toString(StandardCharsets.UTF_8)).contains("data: 1\n").endsWith("id: " + end + "\n\n");
    }

    // streams that begin when their topics have ended, or some of them

    @ParameterizedTest
    @ValueSource(longs = {1, 64 << 20})
    void fromStartHasAllEventsThenTheEnd(long window) {
        TestHub hub = hub(TestHub.windowOf(window));
        List<String> expected = hub.publishMany("a", "e", 2_500);
        hub.publishMany("b", "e", 10);
        String end = end(hub, "a");
        hub.publishMany("b", "e", 10);

        Stream stream = hub.open(Subscription.to("a").from(Start.OLDEST));
        assertEnded(hub, stream, end, expected.toArray(String[]::new));
    }

    @Test
    void fromTheEventBeforeTheEndHasOnlyTheEnd() {
        TestHub hub = hub();
        String chosen = hub.publish(Publication.of("a", new Event("", "1", "own", Event.NO_RETRY)));
        String second = hub.publish("a", "2");
        String end = end(hub, "a");

        assertEnded(hub, hub.open(Subscription.to("a").resumeAfter(second)), end);
        assertEnded(hub, hub.open(Subscription.to("a").resumeAfter(chosen)), end, "2");
        assertEnded(hub, hub.open(Subscription.to("a").from(Start.LAST)), end, "2");
        assertEnded(hub, hub.open(Subscription.to("a").from(Start.newest(1))), end, "2");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 64 << 20})
    void aStreamThatBeginsAfterTheLastEndIsToldIt(long window) {
        TestHub hub = hub(TestHub.windowOf(window));
        hub.publish("a", "a1");
        end(hub, "a");
        hub.publishMany("other", "x", 50);
        end(hub, "c");
        String last = end(hub, "b", TopicEnded.Reason.CANCELLED);
        String after = hub.publish("other", "y");

        for (Subscription subscription : List.of(
                Subscription.to("a", "b", "c"),
                Subscription.to("c", "b"),
                Subscription.to("a", "b", "c").resumeAfter(last),
                Subscription.to("a", "b", "c").from(Start.after(Position.parse(after))))) {
            Stream stream = hub.open(subscription);
            assertEnded(hub, stream, last);
            stream.assertNoGap();
        }
        Stream unknown = hub.open(Subscription.to("a", "b").resumeAfter("never-given"));
        assertEnded(hub, unknown, last);
        assertThat(unknown.types()).containsExactly("fanfare-gap", "fanfare-end");
    }

    @Test
    void aTopicThatEndsWithoutAnEventEndsItsStreams() {
        TestHub hub = hub();
        Stream waiting = hub.open(Subscription.to("a"));
        String end = end(hub, "a");
        assertEnded(hub, waiting, end);
        for (Start start : List.of(Start.NOW, Start.OLDEST, Start.LAST, Start.newest(5))) {
            assertEnded(hub, hub.open(Subscription.to("a").from(start)), end);
        }
    }

    @Test
    void aHubThatBeginsOnALogWithEndsTellsThem() {
        TestHub first = hub();
        first.publish("a", "1");
        String end = end(first, "a");
        first.publish("b", "2");
        TestHub second = hub(first.log, TestHub.SETTINGS);

        assertEnded(second, second.open(Subscription.to("a").from(Start.OLDEST)), end, "1");
        assertEnded(second, second.open(Subscription.to("a")), end);
    }

    // ended topics that are there no more

    @Test
    void aDeletedTopicCanBeUsedAgain() {
        TestHub hub = hub();
        String first = hub.publish("a", "1");
        end(hub, "a");
        hub.delete("a");
        Stream now = hub.open(Subscription.to("a"));
        Stream behind = hub.open(Subscription.to("a").resumeAfter(first));
        hub.publish("a", "2");

        now.awaitData("2");
        behind.awaitData("2");
        assertThat(behind.sink().ofType("fanfare-gap").get(0).data()).contains("deleted");
        String again = end(hub, "a");
        assertEnded(hub, now, again, "2");
        assertEnded(hub, behind, again, "2");
    }

    @Test
    void aStreamWhoseEndHasAgedOutIsToldThatAndStaysOpen() {
        TestClock clock = new TestClock(System.currentTimeMillis() - 3_600_000);
        TestHub hub = hub(age(Duration.ofMinutes(10)), clock, TestHub.SETTINGS);
        String first = hub.publish("a", "1");
        end(hub, "a");
        clock.advance(Duration.ofMinutes(20));
        retain(hub.log);
        Stream stream = hub.open(Subscription.to("a").resumeAfter(first));
        await().until(() -> !stream.sink().ofType("fanfare-gap").isEmpty());
        assertThat(stream.sink().ofType("fanfare-gap").get(0).data()).contains("expired");

        hub.publish("a", "2");
        stream.awaitData("2");
        assertThat(stream.sink().ended()).isFalse();
    }

    // all at once

    @Test
    void whateverTheirTopicsEndsAndPaceStreamsGetAllEventsOnceInOrderAndThenTheEnd() {
        Random random = new Random(7);
        TestHub hub = hub(TestHub.windowOf(4_000));
        int topics = 8;
        List<List<String>> published = new ArrayList<>();
        List<String> order = new ArrayList<>();
        IntStream.range(0, topics).forEach(i -> published.add(new ArrayList<>()));
        List<Stream> streams = new ArrayList<>();
        List<Set<Integer>> wanted = new ArrayList<>();
        String[] ends = new String[topics];
        for (int step = 0; Arrays.asList(ends).contains(null); step++) {
            int topic = random.nextInt(topics);
            if (ends[topic] == null) {
                if (random.nextInt(40) == 0) {
                    ends[topic] = end(hub, "t" + topic);
                } else {
                    String data = topic + "." + step;
                    hub.publish("t" + topic, data);
                    published.get(topic).add(data);
                    order.add(data);
                }
            }
            if (step % 5 == 0) {
                Set<Integer> chosen =
                        random.ints(1 + random.nextInt(3), 0, topics).boxed().collect(Collectors.toSet());
                Subscription all = Subscription.to(
                                chosen.stream().map(i -> "t" + i).toArray(String[]::new))
                        .from(Start.OLDEST);
                streams.add(hub.open(all));
                wanted.add(chosen);
            }
            Stream any = streams.get(random.nextInt(streams.size()));
            if (random.nextBoolean()) {
                any.sink().block();
            } else {
                hub.unblock(any);
            }
        }
        streams.forEach(hub::unblock);
        for (int i = 0; i < streams.size(); i++) {
            Set<Integer> chosen = wanted.get(i);
            long end = chosen.stream()
                    .mapToLong(topic -> Position.parse(String.valueOf(ends[topic])))
                    .max()
                    .orElseThrow();
            List<String> expected = order.stream()
                    .filter(data -> chosen.contains(Integer.parseInt(data.split("\\.")[0])))
                    .toList();
            assertEnded(hub, streams.get(i), Position.text(end), expected.toArray(String[]::new));
        }
        await().until(() -> hub.loop.cursors() == 0);
        assertThat(hub.onLoop(() -> hub.loop.index.isEmpty()))
                .as("nothing is left of them")
                .isTrue();
    }

    @Test
    void aStreamThatOpensWhileItsTopicsEndIsToldOnce() {
        TestHub hub = hub();
        for (int round = 0; round < 50; round++) {
            String one = "one" + round;
            String two = "two" + round;
            CompletableFuture<String> ending = CompletableFuture.supplyAsync(() -> {
                end(hub, one);
                return end(hub, two);
            });
            List<Stream> streams = new ArrayList<>();
            do {
                streams.add(hub.open(Subscription.to(one, two)));
            } while (!ending.isDone()
                    && streams.size() < 200); // each asks the log, which is to end the topics meanwhile
            await("the ends of %d streams".formatted(streams.size()))
                    .pollInterval(Duration.ofMillis(2))
                    .until(() ->
                            streams.stream().allMatch(stream -> stream.sink().ended()));
            for (Stream stream : streams) {
                assertThat(stream.sink().ofType("fanfare-end")).hasSize(1);
            }
            assertEnded(hub, streams.get(0), ending.join());
            assertEnded(hub, streams.get(streams.size() - 1), ending.join());
        }
    }

    // helpers

    static String end(TestHub hub, String topic) {
        return end(hub, topic, TopicEnded.Reason.DONE);
    }

    private static String end(TestHub hub, String topic, TopicEnded.Reason reason) {
        return hub.hub.end(Topic.of(topic), reason).toCompletableFuture().join();
    }

    /** The stream gets these events, then the end of this id, and is closed. */
    static void assertEnded(TestHub hub, Stream stream, String end, String... data) {
        assertToldTheEnd(hub, stream, end);
        stream.assertData(List.of(data));
    }

    private static void assertToldTheEnd(TestHub hub, Stream stream, String end) {
        await("the end of the stream").pollInterval(Duration.ofMillis(2)).until(stream.sink()::ended);
        List<Received> received = stream.sink().received();
        Received last = received.get(received.size() - 1);
        assertThat(last.type()).as("the last of %d events", received.size()).isEqualTo("fanfare-end");
        assertThat(last.id()).isEqualTo(end);
        assertThat(stream.sink().ofType("fanfare-end")).hasSize(1);
        hub.onLoop(() -> assertThat(stream.cursor().state).isEqualTo(Cursor.State.CLOSED));
    }
}
