package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Rule 4 of those that hold everywhere: memory and time are bounded, whatever clients do or fail to do. */
class BoundsTest {

    private static final Duration SHORT = Duration.ofSeconds(1);

    /** Nanoseconds until the node has closed the connection, whatever it said before. */
    private static long untilClosed(Wire wire) {
        long start = System.nanoTime();
        try {
            while (!wire.readOnce().isEmpty()) {}
        } catch (UncheckedIOException reset) {
            // as good as a close
        }
        return System.nanoTime() - start;
    }

    @Test
    void aStreamAboveTheLimitIsRefusedAsEventSourceUnderstands() {
        try (TestNode node = TestNode.with(bounds -> bounds.streams = 2);
                Subscriber one = node.listen("topic=a");
                Subscriber two = node.listen("topic=a")) {
            Answer refused = node.get("/events?topic=a").has(200);
            assertThat(refused.header("Content-Type")).as("fact 1, rule 5").isEqualTo("text/event-stream");
            assertThat(refused.header("Fanfare-Refused")).isEqualTo("limit");
            assertThat(refused.header("Cache-Control")).isEqualTo("no-store, no-transform");
            assertThat(refused.text()).matches(": ?limit\nretry: \\d{3,6}\n");

            one.close();
            node.hasStreams(1);
            try (Subscriber next = node.listen("topic=a")) {
                node.publish("a", "x");
                assertThat(next.next().data()).isEqualTo("x");
                assertThat(two.next().data()).isEqualTo("x");
            }
        }
    }

    @Test
    void theReconnectionTimesOfRefusedStreamsDiffer() {
        try (TestNode node = TestNode.with(bounds -> bounds.streams = 0)) {
            List<String> answers = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                answers.add(node.get("/events?topic=a").text());
            }
            assertThat(answers.stream().distinct()).as("jittered").hasSizeGreaterThan(10);
        }
    }

    @Test
    void theStreamLimitBoundsNoPublishesAndNoPages() {
        try (TestNode node = TestNode.with(bounds -> bounds.streams = 0)) {
            node.publish("a", "x");
            assertThat(node.page("topic=a&from=start").objects("events")).hasSize(1);
            node.get("/readyz").has(200);
            assertThat(node.streams()).isZero();
        }
    }

    @Test
    void aHeadThatTricklesInIsClosedAfterTheTimeForARequest() {
        try (TestNode node = TestNode.with(bounds -> bounds.requestTime = SHORT);
                Wire wire = node.connect().send("GET /healthz HTTP/1.1\r\n")) {
            long start = System.nanoTime();
            Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> {
                try {
                    wire.send("X: y\r\n");
                    return false;
                } catch (UncheckedIOException closed) {
                    return true;
                }
            });
            assertThat(System.nanoTime() - start).as("nanoseconds").isBetween(800_000_000L, 4_500_000_000L);
        }
    }

    @Test
    void aBodyThatTricklesInIsClosedAfterTheTimeForARequest() {
        try (TestNode node = TestNode.with(bounds -> bounds.requestTime = SHORT);
                Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/a", "Transfer-Encoding: chunked"));
            Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> {
                try {
                    wire.send("1\r\nx\r\n");
                    return false;
                } catch (UncheckedIOException closed) {
                    return true;
                }
            });
            assertThat(node.page("topic=a&from=start").objects("events")).isEmpty();
        }
    }

    @Test
    void aConnectionThatNeverAsksIsClosedAfterTheIdleTime() {
        try (TestNode node = TestNode.with(bounds -> bounds.idle = SHORT);
                Wire wire = node.connect()) {
            assertThat(untilClosed(wire)).as("nanoseconds").isBetween(800_000_000L, 4_000_000_000L);
        }
    }

    @Test
    void anIdleKeptConnectionIsClosedAfterTheIdleTime() {
        try (TestNode node = TestNode.with(bounds -> bounds.idle = SHORT);
                Wire wire = node.connect()) {
            wire.get("/healthz").answer().has(200);
            assertThat(untilClosed(wire)).as("nanoseconds").isBetween(800_000_000L, 4_000_000_000L);
        }
    }

    @Test
    void streamsAndLongPollsAreNotIdle() {
        try (TestNode node = TestNode.with(bounds -> {
                    bounds.idle = SHORT;
                    bounds.requestTime = SHORT;
                });
                Subscriber stream = node.listen("topic=a");
                Wire poll = node.connect()) {
            poll.get("/events?topic=a&wait=30", "Accept: application/json").isSilentFor(3_500);
            node.publish("a", "x");
            assertThat(poll.answer().has(200).objects("events")).hasSize(1);
            assertThat(stream.next().data()).isEqualTo("x");
        }
    }

    @Test
    void aClientThatPipelinesWithoutReadingIsNotReadFromForEver() {
        try (TestNode node = TestNode.start();
                Wire wire = Wire.to(node.port(), 4_096)) {
            byte[] requests = Wire.request(
                            "GET", "/topics/" + "a".repeat(400) + "?from=start", "Accept: application/json")
                    .repeat(100)
                    .getBytes(StandardCharsets.UTF_8);
            node.publish("a".repeat(400), "x".repeat(100_000));
            long before = Memory.used();
            Thread writer = new Thread(() -> {
                try {
                    for (int i = 0; i < 1_000; i++) {
                        wire.send(requests);
                    }
                } catch (UncheckedIOException closed) {
                    // at the end of the test, or by the node, which may
                }
            });
            writer.start();
            Awaitility.await("the writer is blocked, since nothing more is read")
                    .during(Duration.ofSeconds(1))
                    .until(writer::isAlive);
            Memory.settles(before, 30 << 20);
        }
    }

    @Test
    void publishesWithoutAReaderOfTheirAnswersStayBounded() {
        try (TestNode node = TestNode.with(bounds -> bounds.logBytes = 1 << 20);
                Wire wire = Wire.to(node.port(), 4_096)) {
            byte[] requests = (Wire.request("POST", "/topics/a", "Content-Length: 1") + "x")
                    .repeat(200)
                    .getBytes(StandardCharsets.UTF_8);
            long before = Memory.used();
            Thread writer = new Thread(() -> {
                try {
                    for (int i = 0; i < 2_000; i++) {
                        wire.send(requests);
                    }
                } catch (UncheckedIOException closed) {
                    // at the end of the test, or by the node, which may
                }
            });
            writer.start();
            Awaitility.await("the writer is blocked, since nothing more is read")
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> isStuck(writer));
            Memory.settles(before, 60 << 20);
        }
    }

    private static boolean isStuck(Thread writer) {
        StackTraceElement[] first = writer.getStackTrace();
        return writer.isAlive() && first.length > 0 && first[0].isNativeMethod();
    }

    @Test
    void manyHugeHeadsAndBodiesCostNothingThatStays() {
        try (TestNode node = TestNode.start()) {
            sendHugeHeadsAndBodies(node, 10); // the allocator takes its share once
            long before = Memory.used();
            sendHugeHeadsAndBodies(node, 50);
            Memory.settles(before, 10 << 20);
        }
    }

    private static void sendHugeHeadsAndBodies(TestNode node, int times) {
        for (int i = 0; i < times; i++) {
            node.get("/healthz", "X: " + "y".repeat(100_000)).isProblem(431);
            try (Wire wire = node.connect()) {
                wire.send(Wire.request("POST", "/topics/a", "Content-Length: 1000000"))
                        .send("x".repeat(500_000));
            }
        }
    }
}
