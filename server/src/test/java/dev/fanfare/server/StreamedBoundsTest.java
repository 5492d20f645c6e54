package dev.fanfare.server;

import static dev.fanfare.server.StreamedPublishTest.NDJSON;
import static dev.fanfare.server.StreamedPublishTest.chunk;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.AppendRefused;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A streaming publish on a log that is slow, refuses or is away: what is held, what is answered, what is published. */
@Tag("transport")
class StreamedBoundsTest {

    private static final Duration SHORT = Duration.ofSeconds(1);
    private static final String CHUNKED = "Transfer-Encoding: chunked";

    private final GatedLog log = new GatedLog();

    private TestNode node() {
        return TestNode.with(bounds -> {
            bounds.log = log;
            bounds.requestTime = SHORT;
            bounds.publishIdle = SHORT;
            bounds.idle = SHORT;
        });
    }

    private static String line(Object data) {
        return "{\"data\":\"" + data + "\"}\n";
    }

    private static List<String> upTo(int count) {
        return IntStream.range(0, count).mapToObj(String::valueOf).toList();
    }

    @Test
    void aLogThatIsHeldUpStopsTheReadingAndMemoryStaysFlat() {
        try (TestNode node = node();
                Wire wire = node.connect()) {
            node.publish("flood", "warm");
            log.shut();
            long before = Memory.used();
            AtomicLong sent = new AtomicLong();
            AtomicBoolean stop = new AtomicBoolean();
            byte[] chunk = chunk(line("x".repeat(200)).repeat(300)).getBytes(StandardCharsets.UTF_8);
            wire.send(Wire.request("POST", "/topics/flood", NDJSON, CHUNKED));
            Thread writer = new Thread(() -> {
                try {
                    while (!stop.get()) {
                        wire.send(chunk);
                        sent.addAndGet(300);
                    }
                    wire.send("0\r\n\r\n");
                } catch (UncheckedIOException closed) {
                    // the test says so below
                }
            });
            writer.start();
            AtomicLong last = new AtomicLong(-1);
            Awaitility.await("the writer is blocked, since nothing more is read")
                    .during(Duration.ofSeconds(3))
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> last.getAndSet(sent.get()) == sent.get());
            assertThat(log.waiting()).as("batches with the log").isEqualTo(1);
            Memory.settles(before, 12 << 20);

            stop.set(true);
            log.open();
            Answer answer = wire.answer().has(200);
            assertThat(answer.json()).as("though silent for long").containsEntry("published", sent.get());
            assertThat(log.data()).hasSize((int) sent.get() + 1);
            assertThat(log.batches).as("the largest batch").allMatch(size -> size < 2_000);
        }
    }

    @Test
    void linesGatherWhileTheLogHasABatch() {
        try (TestNode node = node();
                Wire wire = node.connect()) {
            log.shut();
            wire.send(Wire.request("POST", "/topics/a", NDJSON, CHUNKED) + chunk(line(0)));
            Awaitility.await().until(() -> log.waiting() == 1);
            for (int i = 1; i < 50; i++) {
                wire.send(chunk(line(i)));
            }
            wire.send("0\r\n\r\n").isSilentFor(300);
            log.open();
            assertThat(wire.answer().has(200).json()).containsEntry("published", 50L);
            assertThat(log.batches).containsExactly(1, 49);
            assertThat(log.data()).isEqualTo(upTo(50));
        }
    }

    @Test
    void whatFollowsOnTheConnectionWaitsForTheAnswer() {
        try (TestNode node = node();
                Wire wire = node.connect()) {
            log.shut();
            wire.post("/topics/a", line(0) + line(1), NDJSON)
                    .post("/topics/a", "2")
                    .get("/healthz");
            Awaitility.await().until(() -> log.waiting() == 1);
            wire.isSilentFor(300);
            assertThat(log.batches).containsExactly(2);
            log.open();
            wire.answer().has(200);
            wire.answer().has(201);
            wire.answer().has(200);
            assertThat(log.data()).isEqualTo(upTo(3));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "KEY_CONFLICT, 409, 41",
        "ENDED, 409, 41",
        "NO_ROOM, 503, 41",
        "UNAVAILABLE, 503, 1",
        "DISK_FULL, 507, 1"
    })
    void ofABatchThatIsRefusedTheLinesBeforeTheRefusedArePublishedAndNoneAfter(
            AppendRefused.Reason reason, int status, int line) {
        try (TestNode node = node();
                Wire wire = node.connect()) {
            log.refused = publication -> publication.event().data().equals("40");
            log.reason = reason;
            StringBuilder body = new StringBuilder();
            upTo(100).forEach(data -> body.append(line(data)));
            Answer refused = wire.post("/topics/a", body.toString(), NDJSON).answer();
            refused.isProblem(status, "line " + line);
            assertThat(refused.json()).containsEntry("published", line - 1L);
            if (status == 503) {
                assertThat(refused.header("Retry-After")).isNotEmpty();
            }
            assertThat(log.data()).isEqualTo(upTo(line - 1));
            wire.get("/healthz").answer().has(200);
        }
    }

    @Test
    void linesThatCameWhileARefusedOneWasWithTheLogAreNotPublished() {
        try (TestNode node = node();
                Wire wire = node.connect()) {
            log.refused = publication -> publication.event().data().equals("1");
            log.reason = AppendRefused.Reason.KEY_CONFLICT;
            log.shut();
            wire.send(Wire.request("POST", "/topics/a", NDJSON, CHUNKED) + chunk(line(0) + line(1) + line(2)));
            Awaitility.await().until(() -> log.waiting() == 1);
            wire.send(chunk(line(3) + "nonsense\n"));
            wire.isSilentFor(300);
            log.open();
            wire.answer().isProblem(409, "line 2", "1 event was published");
            wire.isClosed();
            assertThat(log.data()).containsExactly("0");
        }
    }

    @Test
    void aBadLineIsAnsweredOnceTheLogHasWhatCameBefore() {
        try (TestNode node = node();
                Wire wire = node.connect()) {
            log.shut();
            wire.send(Wire.request("POST", "/topics/a", NDJSON, CHUNKED) + chunk(line(0) + line(1) + "bad\n"));
            Awaitility.await().until(() -> log.waiting() == 1);
            wire.isSilentFor(300);
            log.open();
            wire.answer().isProblem(400, "line 3", "2 events were published");
        }
    }

    @Test
    void whatHadArrivedWhenTheClientWentIsPublished() {
        try (TestNode node = node()) {
            log.shut();
            try (Wire wire = node.connect()) {
                wire.send(Wire.request("POST", "/topics/a", NDJSON, CHUNKED) + chunk(line(0)));
                Awaitility.await().until(() -> log.waiting() == 1);
                wire.send(chunk(line(1) + line(2) + "{\"data\""));
            }
            log.open();
            Awaitility.await().until(() -> log.data(), data -> data.equals(upTo(3)));
        }
    }

    @Test
    void aStreamThatKeepsSendingLivesLongerThanTheTimeForARequest() {
        try (TestNode node = node();
                Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/a", NDJSON, CHUNKED));
            long start = System.nanoTime();
            Awaitility.await()
                    .pollInterval(Duration.ofMillis(200))
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> {
                        wire.send(chunk("\n"));
                        return System.nanoTime() - start > 5_000_000_000L;
                    });
            wire.send(chunk(line(0)) + "0\r\n\r\n");
            assertThat(wire.answer().has(200).json()).containsEntry("published", 1L);
        }
    }

    @Test
    void aStreamThatFallsSilentIsAnswered408AndClosed() {
        try (TestNode node = node();
                Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/a", NDJSON, CHUNKED) + chunk(line(0) + line(1) + "{\"da"));
            wire.answer().isProblem(408, "publish.idle", "2 events were published");
            wire.isClosed();
            assertThat(log.data()).isEqualTo(upTo(2));
        }
    }

    @Test
    void aLogThatIsAwayAndComesBackLetsARepeatGoOn() {
        try (TestNode node = node()) {
            String body = line(0) + line(1) + line(2);
            log.refused = publication -> !publication.event().data().equals("0");
            try (Wire wire = node.connect()) {
                wire.send(Wire.request("POST", "/topics/a", NDJSON, CHUNKED, "Idempotency-Key: k") + chunk(line(0)));
                Awaitility.await().until(() -> log.data().size() == 1);
                wire.send(chunk(line(1)));
                wire.answer().isProblem(503, "line 2", "1 event was published");
            }
            log.refused = publication -> false;
            node.post("/topics/a", body, NDJSON, "Idempotency-Key: k").has(200);
            assertThat(node.page("topic=a&from=start").objects("events"))
                    .extracting(event -> event.get("data"))
                    .isEqualTo(List.of("0", "1", "2"));
        }
    }
}
