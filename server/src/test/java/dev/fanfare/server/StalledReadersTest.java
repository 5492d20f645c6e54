package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.epoll.Epoll;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A reader that stalls costs its cursor and little else, and reads on from where it was. */
@Tag("transport")
class StalledReadersTest {

    private static final int READERS = 200;
    private static final int EVENTS = 2_000;
    private static final String BULK = "x".repeat(50_000);

    private static List<Subscriber> stalled(TestNode node, int count, String query) {
        List<Subscriber> readers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Wire wire = Wire.to(node.port(), 4_096).patience(60_000);
            Subscriber reader = new Subscriber(wire.get("/events?open=none&" + query));
            reader.lead();
            readers.add(reader);
        }
        return readers;
    }

    /** Publishes 100 MB. */
    private static void publish(TestNode node) {
        try (Wire wire = node.connect()) {
            for (int i = 0; i < EVENTS; i++) {
                wire.post("/topics/bulk", i + " " + BULK).answer().has(201);
            }
        }
    }

    private static int number(Received event) {
        return Integer.parseInt(event.data().substring(0, event.data().indexOf(' ')));
    }

    @Test
    void twoHundredStalledReadersCostLittleAndThenReadEverythingInOrder() {
        try (TestNode node = TestNode.with(bounds -> bounds.logBytes = 150L << 20)) {
            publish(node);
            node.ask("DELETE", "/topics/bulk").has(204);
            List<Subscriber> readers = stalled(node, READERS, "topic=bulk");
            long before = Memory.used();
            publish(node);

            long each = (Memory.used() - before - (100L << 20)) / READERS;
            assertThat(each)
                    .as("bytes of heap and buffers a reader, beyond the log")
                    .isLessThan(100_000);
            if (Epoll.isAvailable()) {
                assertThat(Memory.sendQueues(node.port()).stream().filter(bytes -> bytes > 0))
                        .as("bytes in each send queue")
                        .hasSizeGreaterThanOrEqualTo(READERS)
                        .allMatch(bytes -> bytes < 100_000);
            }
            for (Subscriber reader : readers.subList(0, 3)) {
                for (int i = 0; i < EVENTS; i++) {
                    assertThat(number(reader.next())).isEqualTo(i);
                }
            }
            readers.forEach(Subscriber::close);
            node.hasStreams(0);
        }
    }

    @Test
    void aReaderThatStalledForLongerThanTheLogRemembersHasAGapAndReadsOnInOrder() {
        try (TestNode node = TestNode.with(bounds -> {
            bounds.logBytes = 10 << 20;
            bounds.windowBytes = 1 << 20;
        })) {
            List<Subscriber> readers = stalled(node, 20, "topic=bulk");
            publish(node);
            for (Subscriber reader : readers) {
                boolean gap = false;
                int next = 0;
                while (next < EVENTS) {
                    Received event = reader.next();
                    if (event.type().equals("fanfare-gap")) {
                        assertThat(event.json()).containsEntry("reason", "expired");
                        gap = true;
                    } else if (gap) {
                        assertThat(number(event)).isGreaterThan(next);
                        next = number(event) + 1;
                        gap = false;
                    } else {
                        assertThat(number(event))
                                .as("nothing is missing without a gap")
                                .isEqualTo(next++);
                    }
                }
            }
            readers.forEach(Subscriber::close);
        }
    }

    @Test
    void aSlowReaderThatWantsTheLatestSkipsAndIsToldHowMany() {
        try (TestNode node = TestNode.start()) {
            Subscriber reader = stalled(node, 1, "topic=bulk&slow=latest").get(0);
            publish(node);
            int seen = 0;
            long skipped = 0;
            for (Received event = reader.next(); ; event = reader.next()) {
                if (event.type().equals("fanfare-gap")) {
                    assertThat(event.json()).containsEntry("reason", "slow-consumer");
                    skipped += ((Number) event.json().getOrDefault("skipped", 0L)).longValue();
                } else {
                    seen++;
                    if (number(event) == EVENTS - 1) {
                        break;
                    }
                }
            }
            assertThat(skipped).as("rule 2: it says so").isPositive();
            assertThat(seen + skipped).isEqualTo(EVENTS);
            reader.close();
        }
    }

    @Test
    void aStalledStreamThatIsDeletedIsClosed() {
        try (TestNode node = TestNode.with(bounds -> bounds.requestTime = Duration.ofSeconds(1))) {
            Subscriber reader = stalled(node, 1, "topic=bulk").get(0);
            publish(node);
            Object id = node.get("/streams").objects("streams").get(0).get("id");
            assertThat(node.ask("DELETE", "/streams/" + id).status()).isBetween(200, 204);
            node.hasStreams(0);
            reader.close();
        }
    }

    @Test
    void aSlowReaderThatWantsToBeClosedIsClosed() {
        try (TestNode node = TestNode.with(bounds -> bounds.requestTime = Duration.ofSeconds(1))) {
            Subscriber reader = stalled(node, 1, "topic=bulk&slow=close").get(0);
            publish(node);
            node.hasStreams(0);
            reader.close();
        }
    }
}
