package dev.fanfare.server;

import static dev.fanfare.server.StreamedPublishTest.NDJSON;
import static dev.fanfare.server.StreamedPublishTest.chunk;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicEnded;
import dev.fanfare.hub.TopicEnded.Reason;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP.md, Ending a topic, as far as streaming publishes end one or are ended. */
class StreamedEndTest {

    private static final String CHUNKED = "Transfer-Encoding: chunked";
    private static final Topic TOPIC = Topic.of("a");

    private final GatedLog log = new GatedLog();
    private final TestNode node;

    StreamedEndTest() {
        node = TestNode.with(bounds -> {
            bounds.log = log;
            bounds.publishIdle = Duration.ofSeconds(1);
        });
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private void ended(Reason reason) {
        Awaitility.await("the end in the log").until(() -> log.ends().size() == 1);
        assertThat(log.ends()).containsExactly(new TopicEnded(TOPIC, reason));
        assertThat(log.appended.get(log.appended.size() - 1)).as("the last").isInstanceOf(TopicEnded.class);
    }

    @ParameterizedTest
    @CsvSource({"application/x-ndjson, '{\"data\":1}\n{\"data\":2}'", "text/event-stream, 'data: 1\n\ndata: 2\n\n'"})
    void theTopicEndsAsDoneWhenTheBodyEnds(String type, String body) {
        Answer answer =
                node.post("/topics/a?end", body, "Content-Type: " + type).has(200);
        assertThat(answer.json()).containsEntry("published", 2L);
        assertThat(log.data()).containsExactly("1", "2");
        ended(Reason.DONE);
        node.post("/topics/a", "late").isProblem(409);
    }

    @Test
    void anEmptyBodyOnlyEnds() {
        node.post("/topics/a?end", "", NDJSON).has(200);
        ended(Reason.DONE);
    }

    @Test
    void withoutEndItGoesOn() {
        node.post("/topics/a", "{\"data\":1}", NDJSON).has(200);
        node.post("/topics/a", "{\"data\":2}", NDJSON).has(200);
        assertThat(log.ends()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLostConnectionAborts(boolean reset) {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/a?end", NDJSON, CHUNKED) + chunk("{\"data\":1}\n{\"data\":2}"));
            Awaitility.await().until(() -> log.data().size() == 1);
            if (reset) {
                wire.reset();
            }
        }
        ended(Reason.ABORTED);
        assertThat(log.data()).containsExactly("1");
    }

    @Test
    void aLostConnectionAbortsAfterAllThatHadCome() {
        log.shut();
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/a?end", NDJSON, CHUNKED) + chunk("{\"data\":1}\n"));
            Awaitility.await().until(() -> log.waiting() == 1);
            wire.send(chunk("{\"data\":2}\n"));
        }
        log.open();
        ended(Reason.ABORTED);
        assertThat(log.data()).containsExactly("1", "2");
    }

    @Test
    void aBadLineAborts() {
        node.post("/topics/a?end", "{\"data\":1}\nbad\n{\"data\":3}", NDJSON).isProblem(400, "line 2");
        ended(Reason.ABORTED);
    }

    @Test
    void aLineThatTheLogRefusesAborts() {
        log.refused = publication -> publication.event().data().equals("2");
        node.post("/topics/a?end", "{\"data\":1}\n{\"data\":2}\n{\"data\":3}", NDJSON)
                .isProblem(503);
        ended(Reason.ABORTED);
    }

    @Test
    void silenceAborts() {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/a?end", NDJSON, CHUNKED) + chunk("{\"data\":1}\n"));
            wire.answer().isProblem(408, "publish.idle");
        }
        ended(Reason.ABORTED);
    }

    @Test
    void whoeverElseEndsTheTopicClosesTheStreamingPublishAtOnce() throws Exception {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/a?end", NDJSON, CHUNKED) + chunk("{\"data\":1}\n"));
            Awaitility.await().until(() -> log.data().size() == 1);
            node.hub().end(TOPIC, Reason.CANCELLED).toCompletableFuture().get();
            Answer answer = wire.answer().isProblem(409, "ended or cancelled", "1 event was published");
            assertThat(answer.json()).containsEntry("published", 1L);
            wire.isClosed();
        }
        ended(Reason.CANCELLED);
    }

    @Test
    void aReadersCancelStopsTheProducerAndTellsTheReaders() {
        try (Subscriber reader = node.listen("topic=a");
                Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/a?end", "Content-Type: text/event-stream", CHUNKED)
                    + chunk("data: 1\n\n"));
            assertThat(reader.next().data()).isEqualTo("1");
            node.post("/topics/a?cancel", "").has(200);
            wire.answer().isProblem(409, "cancelled");
            wire.isClosed();
            Received end = reader.next();
            assertThat(end.type()).isEqualTo("fanfare-end");
            assertThat(end.data()).contains("cancelled");
        }
        ended(Reason.CANCELLED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cancel", "end&cancel", "end=false"})
    void whatCannotBeMeantIsRefused(String query) {
        node.post("/topics/a?" + query, "{\"data\":1}\n", NDJSON).isProblem(400);
        assertThat(log.appended).isEmpty();
    }

    @Test
    void ofTwoStreamsTheOneThatEndsTheTopicClosesTheOther() {
        try (Wire one = node.connect();
                Wire other = node.connect()) {
            one.send(Wire.request("POST", "/topics/a?end", NDJSON, CHUNKED) + chunk("{\"data\":1}\n"));
            other.send(Wire.request("POST", "/topics/a", NDJSON, CHUNKED) + chunk("{\"data\":2}\n"));
            Awaitility.await().until(() -> log.data().size() == 2);
            one.send("0\r\n\r\n").answer().has(200);
            other.answer().isProblem(409, "1 event was published");
        }
        ended(Reason.DONE);
    }

    @Test
    void aTopicThatHasEndedTakesNoLine() throws Exception {
        node.hub().end(TOPIC, Reason.DONE).toCompletableFuture().get();
        node.post("/topics/a?end", "{\"data\":1}\n", NDJSON).isProblem(409, "line 1", "ended", "nothing was published");
        node.post("/events", "{\"topic\":\"b\",\"data\":1}\n{\"topic\":\"b\",\"also\":\"a\",\"data\":2}", NDJSON)
                .isProblem(409, "line 2");
        assertThat(log.ends()).containsExactly(new TopicEnded(TOPIC, Reason.DONE));
    }

    @Test
    void theTopicOfAllCannotEnd() {
        node.post("/topics/@all?end", "{\"data\":1}\n", NDJSON).isProblem(400, "@all");
    }
}
