package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What SIGTERM begins: streams go at a pace, and whoever has not heard of it yet is still served. */
class DrainTest {

    private static final Duration LONG = Duration.ofMinutes(10);

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stopThreads() {
        threads.shutdownNow();
    }

    private CompletableFuture<Void> drain(TestNode node) {
        CompletableFuture<Void> drained = CompletableFuture.runAsync(node::drain, threads);
        Awaitility.await("not ready").until(() -> node.get("/readyz").status() == 503);
        return drained;
    }

    private static Consumer<TestNode.Bounds> bounds(Duration delay, Duration time) {
        return bounds -> {
            bounds.drainDelay = delay;
            bounds.drainTime = time;
        };
    }

    @Test
    void duringTheDelayNewStreamsAndPublishesAreTakenThoughTheNodeIsNotReady() {
        try (TestNode node = TestNode.with(bounds(LONG, LONG))) {
            drain(node);
            assertThat(node.get("/readyz").text()).contains("draining");
            node.get("/healthz").has(200);
            try (Subscriber stream = node.listen("topic=a")) {
                node.publish("a", "x");
                assertThat(stream.next().data()).isEqualTo("x");
            }
        }
    }

    @Test
    void afterTheDelayNewStreamsAreToldToComeBackAndPublishesAreStillTaken() {
        try (TestNode node = TestNode.with(bounds(Duration.ZERO, LONG));
                Subscriber stream = node.listen("topic=a");
                Subscriber another = node.listen("topic=a")) {
            drain(node);
            List<String> refusals = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                Answer refused = node.get("/events?topic=a").has(200);
                assertThat(refused.header("Content-Type")).isEqualTo("text/event-stream");
                assertThat(refused.header("Fanfare-Refused")).isEqualTo("draining");
                assertThat(refused.text()).matches(": draining\nretry: \\d{4,5}\n");
                refusals.add(refused.text());
            }
            assertThat(refusals.stream().distinct()).as("jittered").hasSizeGreaterThan(5);
            node.publish("a", "x");
            assertThat(stream.next().data()).isEqualTo("x");
            assertThat(another.next().data()).isEqualTo("x");
            assertThat(node.page("topic=a&from=start").objects("events")).hasSize(1);
        }
    }

    @Test
    void streamsEndSpreadOverTheTimeInNoOrderEachWithAReconnectionTimeOfItsOwn() {
        Duration time = Duration.ofSeconds(2);
        try (TestNode node = TestNode.with(bounds(Duration.ZERO, time))) {
            List<CompletableFuture<Long>> ends = new ArrayList<>();
            List<String> retries = new ArrayList<>();
            for (int i = 0; i < 80; i++) {
                Subscriber stream = node.listen("topic=a");
                ends.add(CompletableFuture.supplyAsync(
                        () -> {
                            List<String> rest = stream.rest();
                            synchronized (retries) {
                                retries.addAll(rest);
                            }
                            return System.nanoTime();
                        },
                        threads));
            }
            long begin = System.nanoTime();
            node.drain();
            List<Long> at =
                    ends.stream().map(end -> (end.join() - begin) / 1_000_000).toList();
            for (int quarter = 0; quarter < 4; quarter++) {
                long from = quarter * 500L;
                assertThat(at.stream().filter(millis -> millis >= from && millis < from + 500))
                        .as("ends from %s ms on, of %s", from, at)
                        .hasSizeBetween(5, 40);
            }
            assertThat(at)
                    .as("jittered, not the order they came in")
                    .isNotEqualTo(at.stream().sorted().toList());
            assertThat(retries).hasSize(80).allMatch(line -> line.matches("retry: \\d{4,5}"));
            assertThat(retries.stream().distinct()).hasSizeGreaterThan(40);
        }
    }

    @Test
    void aDrainIsOverWhenTheLastStreamHasGone() {
        try (TestNode node = TestNode.with(bounds(Duration.ZERO, LONG))) {
            Subscriber stream = node.listen("topic=a");
            Subscriber another = node.listen("topic=a");
            CompletableFuture<Void> drained = drain(node);
            stream.close();
            another.close();
            assertThat(drained).succeedsWithin(Duration.ofSeconds(10));
        }
    }

    @Test
    void aCloseEndsADrainAtOnceAndInGoodOrder() {
        TestNode node = TestNode.with(bounds(LONG, LONG));
        Subscriber stream = node.listen("topic=a");
        CompletableFuture<Void> drained = drain(node);
        long begin = System.nanoTime();
        node.close();
        assertThat(drained).succeedsWithin(Duration.ofSeconds(5));
        assertThat(System.nanoTime() - begin).as("nanoseconds").isLessThan(8_000_000_000L);
        assertThat(stream.rest()).singleElement().asString().matches("retry: \\d{4,5}");
    }

    @Test
    void aStreamingPublishIsToldHowMuchIsPublishedAndToComeAgain() {
        TestNode node = TestNode.with(bounds(Duration.ZERO, Duration.ZERO));
        try (Wire producer = node.connect()) {
            producer.send(Wire.request(
                    "POST", "/topics/a", "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked"));
            producer.send("e\r\n{\"data\":\"one\"}\r\n1\r\n\n\r\n6\r\n{\"data\r\n");
            Awaitility.await()
                    .until(() ->
                            node.page("topic=a&from=start").objects("events").size() == 1);
            node.drain();
            node.close();
            Answer answer = producer.answer().isProblem(503);
            assertThat(answer.header("Retry-After")).isEqualTo("2");
            assertThat(answer.field("published")).isEqualTo(1L);
            assertThat(answer.text()).contains("Idempotency-Key");
            producer.isClosed();
        }
    }

    @Test
    void anIdleKeptConnectionIsClosedWithTheNode() {
        TestNode node = TestNode.start();
        try (Wire wire = node.connect()) {
            wire.get("/healthz").answer().has(200);
            long begin = System.nanoTime();
            node.close();
            assertThat(System.nanoTime() - begin).as("nanoseconds").isLessThan(1_900_000_000L);
            wire.isClosed();
        }
    }
}
