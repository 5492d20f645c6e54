package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What happens to clients that take too little of what they are sent, and to streams that are too old. */
@Tag("transport")
class SlowClientTest {

    private static final int EVENTS = 200;
    private static final String BULK = "x".repeat(50_000);

    private static Subscriber stalled(TestNode node) {
        return reader(node, 4_096);
    }

    /** With a receive buffer as small as the first of these the kernel passes a few kilobytes a second, however fast one reads. */
    private static Subscriber reader(TestNode node, int receiveBuffer) {
        Subscriber reader = new Subscriber(
                Wire.to(node.port(), receiveBuffer).patience(30_000).get("/events?open=none&topic=bulk"));
        reader.lead();
        return reader;
    }

    /** Publishes 10 MB. */
    private static void publish(TestNode node) {
        for (int i = 0; i < EVENTS; i++) {
            node.publish("bulk", i + " " + BULK);
        }
    }

    private static long counted(TestNode node, String name) {
        Map<?, ?> overload = (Map<?, ?>) node.get("/stats").has(200).field("overload");
        return ((Number) Objects.requireNonNull(overload.get(name), name)).longValue();
    }

    @Test
    void aStreamThatIsBehindForTooLongEndsAndItsClientComesBackWithoutAGap() {
        try (TestNode node = TestNode.with(bounds -> bounds.maxLag = Duration.ofSeconds(1))) {
            Subscriber reader = stalled(node);
            publish(node);
            Awaitility.await().until(() -> counted(node, "endedForLag") == 1);
            List<String> numbers = new ArrayList<>();
            String last = "";
            String lastLine = "";
            for (String line = reader.line(); line != null; line = reader.line()) {
                if (line.startsWith("data: ")) {
                    numbers.add(line.substring(6, line.indexOf(' ', 6)));
                } else if (line.startsWith("id: ")) {
                    last = line.substring(4);
                }
                lastLine = line;
            }
            assertThat(lastLine).as("the end of the stream").matches("retry: \\d{4,5}");
            assertThat(numbers).hasSizeBetween(1, EVENTS - 1);
            try (Subscriber resumed = node.listen("topic=bulk", "Last-Event-ID: " + last)) {
                while (numbers.size() < EVENTS) {
                    Received event = resumed.next();
                    assertThat(event.type()).isNotEqualTo("fanfare-gap");
                    numbers.add(event.data().split(" ")[0]);
                }
            }
            assertThat(numbers)
                    .isEqualTo(
                            IntStream.range(0, EVENTS).mapToObj(String::valueOf).toList());
        }
    }

    @Test
    void aClientThatTakesNothingIsCutAndOneThatTakesALittleIsNot() {
        try (TestNode node = TestNode.with(bounds -> bounds.writeTime = Duration.ofSeconds(2))) {
            Subscriber stalled = stalled(node);
            Subscriber slow = reader(node, 65_536);
            Subscriber idle = node.listen("topic=other");
            CompletableFuture<Void> publishing = CompletableFuture.runAsync(() -> publish(node));
            long begin = System.nanoTime();
            int taken = 0;
            while (System.nanoTime() - begin < 6_000_000_000L) {
                slow.next();
                taken++;
                Awaitility.await().pollDelay(Duration.ofMillis(100)).until(() -> true);
            }
            publishing.join();
            assertThat(counted(node, "cut")).isEqualTo(1);
            node.hasStreams(2);
            assertThat(taken).isLessThan(EVENTS);
            for (; taken < EVENTS; taken++) {
                slow.next();
            }
            stalled.close();
            slow.close();
            idle.close();
        }
    }

    @Test
    void streamsEndAtTheirAgeEachALittleSoonerWithAReconnectionTime() {
        try (TestNode node = TestNode.with(bounds -> bounds.streamAge = Duration.ofSeconds(3))) {
            long begin = System.nanoTime();
            List<Subscriber> streams = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                streams.add(node.listen("topic=a"));
            }
            String id = node.publish("a", "x");
            for (Subscriber stream : streams) {
                assertThat(stream.next().id()).isEqualTo(id);
                assertThat(stream.rest()).singleElement().asString().matches("retry: \\d{4,5}");
            }
            assertThat((System.nanoTime() - begin) / 1e9).as("seconds").isBetween(2.7, 4.5);
            node.hasStreams(0);
        }
    }
}
