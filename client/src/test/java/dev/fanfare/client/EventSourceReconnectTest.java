package dev.fanfare.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.stream.Event;
import java.io.EOFException;
import java.io.IOException;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How a source comes back after a loss: from where, when, and how often. */
class EventSourceReconnectTest {

    private final Recorder recorder = new Recorder();
    private ScriptedServer server;
    private @Nullable EventSource source;

    @BeforeEach
    void start() throws IOException {
        server = new ScriptedServer();
    }

    @AfterEach
    void stop() throws IOException {
        if (source != null) {
            source.close();
        }
        server.close();
    }

    private EventSourceBuilder builder() {
        return EventSource.builder(server.uri("/events"))
                .reconnectionTime(Duration.ofMillis(1))
                .timing(Duration.ofHours(1), () -> 0);
    }

    private static ScriptedServer.Script cut(String body) {
        return exchange -> exchange.send(ScriptedServer.STREAM + body).end();
    }

    private static ScriptedServer.Script stream(String body) {
        return exchange -> exchange.send(ScriptedServer.STREAM + body).untilGone();
    }

    private List<Long> delays() {
        return recorder.delays.stream().map(Duration::toMillis).toList();
    }

    enum Cut {
        FIN,
        RST,
        WITHOUT_LAST_CHUNK
    }

    @ParameterizedTest
    @EnumSource
    void p12c6c9LosesAndDoublesNothingWhereverTheStreamIsCut(Cut cut) throws IOException {
        byte[] first = "event: a\r\ndata: é1\ndata: 2\nid: 1-0\n\n".getBytes(StandardCharsets.UTF_8);
        byte[] second = "data: 3\nid: 2-0\r\r".getBytes(StandardCharsets.UTF_8);
        byte[] whole = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, whole, first.length, second.length);
        ScriptedServer.Script resume = exchange -> {
            String id = exchange.request().header("Last-Event-ID");
            exchange.send(ScriptedServer.STREAM);
            exchange.send(Arrays.copyOfRange(
                    whole, id == null ? 0 : id.equals("1-0") ? first.length : whole.length, whole.length));
            exchange.send("data: last\n\n").untilGone();
        };

        for (int at = 0; at <= whole.length; at++) {
            int length = at;
            try (ScriptedServer cutting = new ScriptedServer()) {
                cutting.then(exchange -> {
                            byte[] part = Arrays.copyOf(whole, length);
                            if (cut == Cut.WITHOUT_LAST_CHUNK) {
                                exchange.send(ScriptedServer.STREAM.replace(
                                        "\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n"));
                                exchange.send(Integer.toHexString(length + 1000) + "\r\n")
                                        .send(part)
                                        .end();
                            } else if (cut == Cut.RST) {
                                exchange.send(ScriptedServer.STREAM).send(part).reset();
                            } else {
                                exchange.send(ScriptedServer.STREAM).send(part).end();
                            }
                        })
                        .then(resume);
                Recorder heard = new Recorder();
                try (EventSource cutSource = EventSource.builder(cutting.uri("/events"))
                        .reconnectionTime(Duration.ofMillis(1))
                        .open(heard)) {
                    await().until(() -> heard.data().contains("last"));
                    assertThat(heard.data())
                            .as("cut at byte %s, resumed from %s", at, cutSource.lastEventId())
                            .containsExactly("é1\n2", "3", "last");
                }
            }
        }
    }

    @Test
    void c5ComesBackWhenTheServerDoes() throws IOException {
        int port = server.port();
        server.close();
        source = builder().maxBackoff(Duration.ofMillis(20)).open(recorder);
        await().until(() -> recorder.causes.size() >= 3);

        server = new ScriptedServer(port).then(stream("data: 1\n\n"));

        await().until(() -> recorder.data().contains("1"));
        assertThat(recorder.causes).allMatch(cause -> cause instanceof IOException);
    }

    @Test
    void c6TellsAnEndFromAFailure() {
        server.then(cut("data: 1\n\n")).then(ScriptedServer.Exchange::breakOff).then(stream(""));

        source = builder().open(recorder);

        await().until(() -> recorder.calls.size() == 5);
        assertThat(recorder.calls).containsExactly("open", "event null message 1 ", "retrying", "retrying", "open");
        assertThat(recorder.causes.get(0)).isInstanceOf(EOFException.class);
        assertThat(recorder.causes.get(1)).isNotInstanceOf(EOFException.class);
    }

    @Test
    void c7WaitsAtLeastTheReconnectionTimeAndUpToHalfAsMuchAgain() {
        server.then(cut("data: 1\n\n"));

        source = builder()
                .reconnectionTime(Duration.ofMillis(200))
                .timing(Duration.ofHours(1), () -> 0.5)
                .open(recorder);

        await().until(() -> server.requests().size() == 2);
        assertThat(delays().get(0)).isEqualTo(250);
        long waited = server.request(1).nanoTime() - server.request(0).nanoTime();
        assertThat(Duration.ofNanos(waited)).isGreaterThanOrEqualTo(Duration.ofMillis(250));
    }

    @Test
    void c7DoublesTheWaitUpToItsMaximumWhileNoEventComes() {
        server.then(cut(""))
                .then(cut(":\n"))
                .then(cut("event: fanfare-open\ndata: {}\nid: 1-0\n\n"))
                .then(cut("id: 7\n\n"))
                .then(exchange -> exchange.answer("503 X", "", ""))
                .then(ScriptedServer.Exchange::breakOff);

        source = builder().maxBackoff(Duration.ofMillis(20)).open(recorder);

        await().until(() -> recorder.delays.size() >= 7);
        assertThat(delays().subList(0, 7)).containsExactly(1L, 2L, 4L, 8L, 16L, 20L, 20L);
    }

    @Test
    void anEventResetsTheBackoff() {
        server.then(cut(""))
                .then(cut(""))
                .then(cut("data: 1\n\n"))
                .then(cut(""))
                .then(stream(""));

        source = builder().open(recorder);

        await().until(() -> recorder.delays.size() == 4);
        assertThat(delays()).containsExactly(1L, 2L, 1L, 2L);
    }

    @Test
    void aStreamThatWasOpenLongEnoughResetsTheBackoff() {
        server.then(ScriptedServer.Exchange::breakOff)
                .then(ScriptedServer.Exchange::breakOff)
                .then(exchange -> {
                    exchange.send(ScriptedServer.STREAM);
                    await().until(() -> recorder.calls.contains("open"));
                    await().pollDelay(Duration.ofMillis(60)).until(() -> true);
                    exchange.end();
                })
                .then(stream(""));

        source = builder().timing(Duration.ofMillis(50), () -> 0).open(recorder);

        await().until(() -> recorder.delays.size() == 3);
        assertThat(delays()).containsExactly(1L, 2L, 1L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"retry: 700\n", "retry: 700\n\n", "retry:700\ndata: 1\n\n"})
    void p11TheStreamSetsTheReconnectionTimeAtOnce(String block) {
        server.then(cut(block));

        source = builder().open(recorder);

        recorder.awaitCall("retrying");
        assertThat(delays()).containsExactly(700L);
    }

    @Test
    void aRetryOfZeroIsHalfASecond() {
        server.then(cut("retry: 0\n"));

        source = builder().reconnectionTime(Duration.ofSeconds(3)).open(recorder);

        recorder.awaitCall("retrying");
        assertThat(delays()).containsExactly(500L);
    }

    @Test
    void honoursRetryAfterAboveItsOwnWait() {
        server.then(exchange -> exchange.answer("429 X", "Retry-After: 7\r\n", ""));

        source = builder().open(recorder);

        recorder.awaitCall("retrying");
        assertThat(delays()).containsExactly(7000L);
    }

    @Test
    void silenceBeforeTheHeadCountsAsALoss() {
        server.then(ScriptedServer.Exchange::untilGone).then(stream("data: 1\n\n"));

        source = builder().idleTimeout(Duration.ofMillis(300)).open(recorder);

        await().until(() -> recorder.data().contains("1"));
        assertThat(recorder.causes.get(0)).isInstanceOf(HttpTimeoutException.class);
    }

    @Test
    void silenceInAStreamCountsAsALossAndItsSocketIsClosed() {
        CountDownLatch gone = new CountDownLatch(1);
        server.then(exchange -> {
                    exchange.send(ScriptedServer.STREAM + "data: 1\nid: 1-0\n\n")
                            .untilGone();
                    gone.countDown();
                })
                .then(stream("data: 2\n\n"));

        source = builder().idleTimeout(Duration.ofMillis(300)).open(recorder);

        await().until(() -> recorder.data().contains("2") && gone.getCount() == 0);
        assertThat(recorder.causes.get(0)).isInstanceOf(HttpTimeoutException.class);
        assertThat(server.request(1).header("Last-Event-ID")).isEqualTo("1-0");
    }

    @Test
    void heartbeatCommentsAreNoSilence() {
        server.then(exchange -> {
            exchange.send(ScriptedServer.STREAM);
            for (int i = 0; i < 20; i++) {
                await().pollDelay(Duration.ofMillis(50)).until(() -> true);
                exchange.send(":\n");
            }
            exchange.send("data: 1\n\n").untilGone();
        });

        source = builder().idleTimeout(Duration.ofMillis(500)).open(recorder);

        await().until(() -> recorder.data().contains("1"));
        assertThat(recorder.calls).containsExactly("open", "event null message 1 ");
    }

    @Test
    void theTimeAListenerTakesIsNoSilence() {
        server.then(stream("data: 1\n\n"));

        EventSourceBuilder patient = builder().reconnectionTime(Duration.ofMinutes(1));
        source = patient.idleTimeout(Duration.ofMillis(200)).open(new Recorder() {
            @Override
            public void event(Event event, @Nullable String topic) {
                recorder.event(event, topic);
                await().pollDelay(Duration.ofMillis(500)).until(() -> true);
                recorder.calls.add("done");
            }

            @Override
            public void retrying(Throwable cause, Duration delay) {
                recorder.retrying(cause, delay);
            }
        });

        recorder.awaitCall("retrying");
        assertThat(recorder.calls).startsWith("event null message 1 ", "done", "retrying");
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void c15ReadsNoFasterThanTheListenerTakes() {
        int total = 64;
        AtomicInteger sent = new AtomicInteger();
        CountDownLatch release = new CountDownLatch(1);
        String event = "data: " + "x".repeat(1 << 20) + "\n\n";
        server.then(exchange -> {
            exchange.send(ScriptedServer.STREAM);
            for (int i = 0; i < total; i++) {
                exchange.send(event);
                sent.incrementAndGet();
            }
            exchange.untilGone();
        });
        AtomicInteger heard = new AtomicInteger();

        source = builder().open((e, topic) -> {
            try {
                release.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            heard.incrementAndGet();
        });

        await().until(() -> sent.get() >= 1);
        await().during(Duration.ofMillis(500)).until(() -> sent.get() < 32);
        release.countDown();
        await().until(() -> heard.get() == total);
    }

    @Test
    void manySourcesDoNotMakeManyThreads() {
        server.then(stream("data: 1\n\n"));
        int before = threads();
        List<EventSource> sources =
                Stream.generate(() -> builder().open(recorder)).limit(100).toList();
        await().until(() -> recorder.events.size() == 100);
        int after = threads();

        sources.forEach(EventSource::close);

        assertThat(after - before).as("threads that 100 sources added").isLessThan(40);
    }

    private static int threads() {
        return (int) Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !thread.getName().equals("scripted-server"))
                .count();
    }
}
