package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.stream.Event;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HubTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    @Test
    void fiveLinesOfPlainJavaPublishAndSubscribe() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        // README: the hub in plain Java
        try (Hub hub = Hub.inMemory()) {
            PullCursor orders = hub.pull(Subscription.to("orders/*").from(Start.OLDEST));
            hub.publish("orders/42", Event.message("paid"));
            for (Batch batch = orders.next(SECOND); batch != null; batch = orders.next(SECOND)) batch.writeTo(out);
        }
        // README: end
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("event: fanfare-open\n", "data: paid\nid: ");
    }

    @Test
    void aPublicationsIdIsItsOwnElseItsPosition() {
        try (Hub hub = Hub.inMemory()) {
            assertThat(Position.parse(hub.publish("a", Event.message("1"))
                            .toCompletableFuture()
                            .join()))
                    .isPositive();
            assertThat(hub.publish("a", Event.message("1").withId("mine"))
                            .toCompletableFuture()
                            .join())
                    .isEqualTo("mine");
        }
    }

    @Test
    void aReaderThatStallsHoldsLittleAndMissesNothing() throws Exception {
        try (Hub hub = Hub.inMemory();
                PullCursor cursor = hub.pull(Subscription.to("a"))) {
            String text = next(cursor);
            while (!text.contains("fanfare-open")) {
                text += next(cursor);
            }
            for (int i = 0; i < 5_000; i++) {
                hub.publish("a", Event.message("e" + i)).toCompletableFuture().join();
            }
            Batch first = cursor.next(SECOND);
            assertThat(first).isNotNull();
            StringBuilder all = new StringBuilder(text(first));
            while (!all.toString().contains("data: e4999\n")) {
                all.append(next(cursor));
            }
            List<String> data = all.toString()
                    .lines()
                    .filter(line -> line.startsWith("data: "))
                    .toList();
            assertThat(data).hasSize(5_000);
            for (int i = 0; i < 5_000; i++) {
                assertThat(data.get(i)).isEqualTo("data: e" + i);
            }
        }
    }

    @Test
    void aCursorCanBeReadAndClosedAfterItsHub() throws Exception {
        Hub hub = Hub.inMemory();
        PullCursor cursor = hub.pull(Subscription.to("a").from(Start.OLDEST));
        hub.publish("a", Event.message("1")).toCompletableFuture().join();
        StringBuilder all = new StringBuilder();
        while (!all.toString().contains("data: 1\n")) {
            all.append(next(cursor));
        }
        hub.close();
        hub.close();
        while (!cursor.ended()) {
            Thread.onSpinWait();
        }
        for (Batch batch = cursor.next(SECOND); batch != null; batch = cursor.next(SECOND)) {
            all.append(text(batch));
        }
        assertThat(all.toString()).contains("retry: ");
        cursor.close();
        cursor.close();
    }

    @Test
    void aCursorClosedAtOnceLeavesNothing() throws Exception {
        try (Hub hub = Hub.inMemory()) {
            for (int i = 0; i < 100; i++) {
                hub.pull(Subscription.to("a")).close();
            }
            hub.delete(Topic.of("a")).toCompletableFuture().join();
            assertThat(hub.loops().get(0).cursors()).isZero();
        }
    }

    @Test
    void whoWaitsForATopicsEndIsCalledOnceByTheFirst() throws Exception {
        try (Hub hub = Hub.inMemory()) {
            List<String> called = new ArrayList<>();
            AutoCloseable waiting = hub.onEnd(Topic.of("a"), () -> called.add("first"));
            AutoCloseable given = hub.onEnd(Topic.of("a"), () -> called.add("given up"));
            hub.onEnd(Topic.of("a"), () -> {
                throw new IllegalStateException("a listener's fault");
            });
            hub.onEnd(Topic.of("b"), () -> called.add("other topic"));
            given.close();
            hub.publish("a", Event.message("1")).toCompletableFuture().join();
            assertThat(called).isEmpty();

            String end = hub.end(Topic.of("a"), TopicEnded.Reason.CANCELLED)
                    .toCompletableFuture()
                    .join();
            assertThat(hub.end(Topic.of("a"), TopicEnded.Reason.DONE)
                            .toCompletableFuture()
                            .join())
                    .as("the end of a topic that has ended")
                    .isEqualTo(end);
            assertThat(called).containsExactly("first");
            waiting.close();
        }
    }

    private static String next(PullCursor cursor) throws InterruptedException, IOException {
        Batch batch = cursor.next(Duration.ofSeconds(10));
        assertThat(batch).as("a batch in ten seconds").isNotNull();
        return text(batch);
    }

    private static String text(@Nullable Batch batch) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (batch != null) {
            batch.writeTo(out);
        }
        return out.toString(StandardCharsets.UTF_8);
    }
}
