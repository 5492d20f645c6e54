package dev.fanfare.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fanfare.stream.Event;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The bounds of a publisher's buffer, and its end. */
class PublisherBufferTest {

    private final CountDownLatch release = new CountDownLatch(1);
    private ScriptedServer server;

    @BeforeEach
    void start() throws IOException {
        server = new ScriptedServer().then(exchange -> {
            await().until(() -> release.getCount() == 0);
            exchange.answer("201 Created", "", "{\"id\":\"" + exchange.request().body() + "-0\"}");
        });
    }

    @AfterEach
    void stop() throws IOException {
        release.countDown();
        server.close();
    }

    private PublisherBuilder builder() {
        return Publisher.to(server.uri("/")).deadline(Duration.ofSeconds(20));
    }

    private static String id(CompletionStage<String> stage) {
        return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    }

    private static void assertRejected(CompletionStage<String> stage, String message) {
        assertThat(stage.toCompletableFuture()).as("known at once").isCompletedExceptionally();
        assertThatThrownBy(() -> id(stage))
                .hasCauseInstanceOf(RejectedExecutionException.class)
                .hasMessageContaining(message);
    }

    @Test
    void failsAtOnceAboveTheNumberOfPendingPublishes() {
        try (Publisher publisher = builder().maxPending(3).open()) {
            List<CompletionStage<String>> held = new ArrayList<>();
            for (int n = 0; n < 3; n++) {
                held.add(publisher.publish("t" + n % 2, Event.message(String.valueOf(n))));
            }

            assertRejected(publisher.publish("a", Event.message("x")), "3 publishes pending (limit 3)");

            release.countDown();
            assertThat(held.stream().map(PublisherBufferTest::id)).containsExactly("0-0", "1-0", "2-0");
            assertThat(id(publisher.publish("a", Event.message("9"))))
                    .as("room again")
                    .isEqualTo("9-0");
        }
    }

    @Test
    void failsAtOnceAboveTheBytesOfPendingData() {
        try (Publisher publisher = builder().maxPendingBytes(10).open()) {
            CompletionStage<String> held = publisher.publish("a", Event.message("12345678"));

            assertRejected(publisher.publish("a", Event.message("üü")), "with 8 bytes (limit 10)");
            assertRejected(publisher.publish("a", Event.message("x".repeat(11))), "no room for 11 bytes");

            release.countDown();
            id(held);
        }
    }

    @Test
    void waitsForRoomWhenAskedTo() {
        try (Publisher publisher =
                builder().maxPending(2).whenFull(Publisher.WhenFull.BLOCK).open()) {
            List<CompletionStage<String>> stages = new ArrayList<>();
            CompletableFuture<Void> all = CompletableFuture.runAsync(() -> {
                for (int n = 0; n < 50; n++) {
                    stages.add(publisher.publish("a", Event.message(String.valueOf(n))));
                }
            });
            await().during(Duration.ofMillis(200)).until(() -> !all.isDone() && stages.size() == 2);

            release.countDown();

            all.orTimeout(10, TimeUnit.SECONDS).join();
            assertThat(id(stages.get(49))).isEqualTo("49-0");
            assertThat(server.requests().stream().map(r -> Integer.valueOf(r.body())))
                    .hasSize(50)
                    .isSorted();
        }
    }

    @Test
    void waitsForRoomNoLongerThanTheDeadline() {
        try (Publisher publisher = builder()
                .maxPending(1)
                .whenFull(Publisher.WhenFull.BLOCK)
                .deadline(Duration.ofMillis(200))
                .requestTimeout(Duration.ofHours(1))
                .maxPendingBytes(4)
                .closeTimeout(Duration.ZERO)
                .open()) {
            assertRejected(publisher.publish("a", Event.message("12345")), "limit 4");

            CompletionStage<String> first = publisher.publish("a", Event.message("1"));
            CompletionStage<String> second = publisher.publish("a", Event.message("2"));

            assertThatThrownBy(() -> id(first)).hasMessageContaining("not published within PT0.2S");
            assertThatThrownBy(() -> id(second)).isInstanceOf(CompletionException.class);
        }
    }

    @Test
    void aCallbackMayWaitForItsOwnPublishOnEveryCallbackThread() {
        release.countDown();
        try (Publisher publisher = builder().open()) {
            List<CompletableFuture<String>> chains = new ArrayList<>();
            for (int n = 0; n < 100; n++) {
                String topic = "t" + n;
                chains.add(publisher
                        .publish(topic, Event.message("1"))
                        .thenApply(first -> id(publisher.publish(topic, Event.message("2"))))
                        .toCompletableFuture());
            }

            CompletableFuture.allOf(chains.toArray(CompletableFuture[]::new))
                    .orTimeout(20, TimeUnit.SECONDS)
                    .join();
        }
    }

    @Test
    void closeWaitsForWhatIsPending() {
        Publisher publisher = builder().open();
        List<CompletionStage<String>> stages = new ArrayList<>();
        for (int n = 0; n < 20; n++) {
            stages.add(publisher.publish("a", Event.message(String.valueOf(n))));
        }
        CompletableFuture<Void> closing = CompletableFuture.runAsync(publisher::close);
        await().during(Duration.ofMillis(100)).until(() -> !closing.isDone());

        release.countDown();

        closing.orTimeout(10, TimeUnit.SECONDS).join();
        assertThat(server.requests()).hasSize(20);
        assertThat(id(stages.get(19))).isEqualTo("19-0");
        assertRejected(publisher.publish("a", Event.message("x")), "closed");
        publisher.close();
    }

    @Test
    void closeFailsWhatIsPendingAfterItsTimeout() {
        Publisher publisher = builder().closeTimeout(Duration.ofMillis(100)).open();
        CompletionStage<String> begun = publisher.publish("a", Event.message("1"));
        CompletionStage<String> waiting = publisher.publish("a", Event.message("2"));

        publisher.close();

        assertThatThrownBy(() -> id(begun))
                .hasCauseInstanceOf(TimeoutException.class)
                .hasMessageContaining("closed");
        assertThatThrownBy(() -> id(waiting)).hasCauseInstanceOf(TimeoutException.class);
        publisher.close();
        assertThat(server.requests()).hasSizeLessThanOrEqualTo(1);
    }

    @Test
    void closeWakesThoseWhoWaitForRoom() {
        Publisher publisher = builder()
                .maxPending(1)
                .whenFull(Publisher.WhenFull.BLOCK)
                .closeTimeout(Duration.ZERO)
                .open();
        CompletionStage<String> first = publisher.publish("a", Event.message("1"));
        CompletableFuture<String> waiting = CompletableFuture.supplyAsync(
                        () -> publisher.publish("a", Event.message("2")))
                .thenCompose(stage -> stage);
        await().during(Duration.ofMillis(100)).until(() -> !waiting.isDone());

        publisher.close();

        assertThatThrownBy(() -> id(waiting)).hasMessageContaining("closed");
        assertThatThrownBy(() -> id(first)).hasCauseInstanceOf(TimeoutException.class);
    }

    @Test
    void anInterruptEndsTheWaitForRoomAndStays() {
        try (Publisher publisher = builder()
                .maxPending(1)
                .whenFull(Publisher.WhenFull.BLOCK)
                .closeTimeout(Duration.ZERO)
                .open()) {
            CompletionStage<String> first = publisher.publish("a", Event.message("1"));

            Thread.currentThread().interrupt();
            CompletionStage<String> second = publisher.publish("a", Event.message("2"));

            assertThat(Thread.interrupted()).isTrue();
            assertRejected(second, "limit 1");
            release.countDown();
            id(first);
        }
    }
}
