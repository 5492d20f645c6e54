package dev.fanfare.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.stream.Event;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** C12: close() ends everything, from anywhere, once. */
class EventSourceCloseTest {

    private final Recorder recorder = new Recorder();
    private final CountDownLatch gone = new CountDownLatch(1);
    private ScriptedServer server;

    @BeforeEach
    void start() throws IOException {
        server = new ScriptedServer();
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private EventSourceBuilder builder() {
        return EventSource.builder(server.uri("/events")).reconnectionTime(Duration.ofMillis(1));
    }

    private ScriptedServer.Script stream(String body) {
        return exchange -> {
            exchange.send(ScriptedServer.STREAM + body).untilGone();
            gone.countDown();
        };
    }

    private void awaitGone() {
        await("the socket's end at the server").until(() -> gone.getCount() == 0);
    }

    @Test
    void c12ClosesTheSocketOfAnIdleStreamAndTellsOnce() {
        server.then(stream("data: 1\n\n"));
        EventSource source = builder().open(recorder);
        recorder.awaitCall("event null message 1 ");

        source.close();
        source.close();

        assertThat(recorder.awaitEnding()).isEqualTo(new Ending.Closed());
        awaitGone();
        assertThat(source.ending().toCompletableFuture().join()).isEqualTo(new Ending.Closed());
        assertThat(recorder.calls).containsExactly("open", "event null message 1 ", "closed");
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void c12ClosedFromACallbackItHearsNoEventThatWasThereAlready() {
        server.then(stream("id: 1\ndata: 1\n\nid: 2\ndata: 2\n\n"));
        CompletableFuture<EventSource> source = new CompletableFuture<>();

        source.complete(builder().open(new Recorder() {
            @Override
            public void event(Event event, @Nullable String topic) {
                recorder.event(event, topic);
                source.join().close();
                recorder.calls.add("after close");
            }

            @Override
            public void closed(Ending ending) {
                recorder.closed(ending);
            }
        }));

        recorder.awaitEnding();
        awaitGone();
        assertThat(recorder.calls).containsExactly("event null message 1 1", "after close", "closed");
        assertThat(source.join().lastEventId()).as("of the event heard last").isEqualTo("1");
    }

    @Test
    void c12ClosedFromAnotherThreadItLetsTheRunningCallbackFinishAndBeginsNone() {
        server.then(stream("data: 1\n\ndata: 2\n\n"));
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        EventSource source = builder().open(new Recorder() {
            @Override
            public void event(Event event, @Nullable String topic) {
                inside.countDown();
                await().until(() -> release.getCount() == 0);
                recorder.event(event, topic);
            }

            @Override
            public void closed(Ending ending) {
                recorder.closed(ending);
            }
        });
        await().until(() -> inside.getCount() == 0);

        source.close();

        awaitGone();
        assertThat(recorder.calls).as("while the callback runs").isEmpty();
        release.countDown();
        recorder.awaitEnding();
        assertThat(recorder.calls).containsExactly("event null message 1 ", "closed");
    }

    @Test
    void c12ClosedBeforeTheHeadItOpensNothing() {
        CountDownLatch asked = new CountDownLatch(1);
        server.then(exchange -> {
            asked.countDown();
            exchange.untilGone();
            gone.countDown();
        });
        EventSource source = builder().open(recorder);
        await().until(() -> asked.getCount() == 0);

        source.close();

        recorder.awaitEnding();
        awaitGone();
        assertThat(recorder.calls).containsExactly("closed");
    }

    @Test
    void c12ClosedAtWhateverMomentItHearsNothingLater() {
        server.then(stream("data: 1\n\n"));

        for (int i = 0; i < 200; i++) {
            Recorder heard = new Recorder();
            EventSource source = builder().open(heard);
            await().pollDelay(Duration.ofNanos(i * 20_000L)).until(() -> true);

            source.close();

            assertThat(source.ending().toCompletableFuture().join()).isEqualTo(new Ending.Closed());
            assertThat(heard.calls)
                    .endsWith("closed")
                    .containsOnlyOnce("closed")
                    .doesNotContain("retrying");
        }
    }

    @Test
    void c12ClosedWhileItWaitsItDoesNotComeBack() {
        server.then(ScriptedServer.Exchange::breakOff);
        EventSource source = builder().reconnectionTime(Duration.ofMillis(200)).open(recorder);
        recorder.awaitCall("retrying");

        source.close();

        recorder.awaitEnding();
        await().during(Duration.ofMillis(500)).until(() -> server.requests().size() == 1);
        assertThat(recorder.calls).containsExactly("retrying", "closed");
    }

    @Test
    void tellsOfItsEndEvenWhenItsExecutorWasShutDown() {
        server.then(stream("data: 1\n\n"));
        ExecutorService threads = Executors.newSingleThreadExecutor();
        EventSource source = builder().executor(threads).open(recorder);
        recorder.awaitCall("event null message 1 ");

        threads.shutdown();
        source.close();

        assertThat(recorder.awaitEnding()).isEqualTo(new Ending.Closed());
    }
}
