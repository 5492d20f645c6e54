package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** HTTP.md, Streams of events in one request: an event stream to a topic. */
class RepublishedStreamTest {

    private static final String STREAM = "Content-Type: text/event-stream";

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.with(bounds -> bounds.eventBytes = 10_000);
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    private static List<Map<String, Object>> events(String topic) {
        return node.page("from=start&topic=" + topic).has(200).objects("events");
    }

    private static List<Object> data(String topic) {
        return events(topic).stream().map(event -> event.get("data")).toList();
    }

    @Test
    void anEventIsPublishedAtItsBlankLineAndNotWhenTheRequestEnds() {
        try (Subscriber reader = node.listen("topic=answers");
                Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/answers", STREAM, "Transfer-Encoding: chunked"));
            wire.send(StreamedPublishTest.chunk(": hi\n\nevent: token\nid: 1\nretry: 2000\ndata: a\ndata: b\n\nda"));
            Received first = reader.next();
            assertThat(first.type()).isEqualTo("token");
            assertThat(first.data()).isEqualTo("a\nb");
            assertThat(first.id()).as("its own id is dropped").matches("\\d{13}-\\d+");
            wire.send(StreamedPublishTest.chunk("ta: [DONE]\n\n"));
            Received second = reader.next();
            assertThat(second.data()).isEqualTo("[DONE]");
            Answer answer = wire.send("0\r\n\r\n").answer().has(200);
            assertThat(answer.json()).containsEntry("published", 2L).containsEntry("last", second.id());
        }
    }

    @Test
    void theAnswersOfLanguageModelsAreJustEvents() {
        String openAi = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n\n";
        String anthropic =
                "event: content_block_delta\ndata: {\"delta\":{\"text\":\"Hi\"}}\n\nevent: ping\ndata: {}\n\n"
                        + "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
        node.post("/topics/llm", openAi + anthropic, STREAM).has(200);
        assertThat(events("llm"))
                .extracting(event -> event.get("event"))
                .containsExactly("message", "message", "content_block_delta", "ping", "message_stop");
    }

    @Test
    void idsAreKeptWhenAskedForButNotThoseThatAreOnlyInherited() {
        String body = "id: a\ndata: 1\n\ndata: 2\n\nid: b\ndata: 3\n\nid: c\n\ndata: 4\n\n";
        Answer answer = node.post("/topics/kept?keep-ids", body, STREAM).has(200);
        assertThat(answer.json()).containsEntry("last", "c");
        assertThat(events("kept").stream().map(event -> event.get("id")))
                .element(0)
                .isEqualTo("a");
        assertThat(String.valueOf(events("kept").get(1).get("id"))).matches("\\d{13}-\\d+");
        assertThat(events("kept").get(2)).containsEntry("id", "b");
        node.post("/topics/kept?keep-ids", "id: 1-1\ndata: 1\n\n", STREAM).isProblem(400, "event 1", "id=1-1");
    }

    @ParameterizedTest
    @CsvSource({"'event: fanfare-end', fanfare-", "'event: a\0b', NUL"})
    void aTypeThatIsNotForPublishersIsRefusedByTheNumberOfItsEvent(String line, String mention) {
        String topic = "types/" + Integer.toHexString(line.hashCode());
        node.post("/topics/" + topic, "data: 1\n\n" + line + "\ndata: 2\n\ndata: 3\n\n", STREAM)
                .isProblem(400, "event 2", mention, "1 event was published");
        assertThat(data(topic)).containsExactly("1");
    }

    @Test
    void aReconnectionTimeOutOfRangeIsBroughtIntoIt() {
        try (Subscriber reader = node.listen("topic=retries")) {
            node.post("/topics/retries", "retry: 1\ndata: 1\n\nretry: 99999999\ndata: 2\n\ndata: 3\n\n", STREAM)
                    .has(200);
            assertThat(reader.next(3))
                    .extracting(Received::lines)
                    .satisfies(all -> assertThat(all.toString()).contains("retry: 500", "retry: 3600000"));
        }
    }

    @Test
    void anEventWithoutItsBlankLineIsNone() {
        node.post("/topics/unfinished", "data: 1\n\ndata: 2\n", STREAM).has(200);
        assertThat(data("unfinished")).containsExactly("1");
    }

    @Test
    void anEventThatIsTooLargeIsRefusedBeforeItEnds() {
        node.post("/topics/large", "data: " + "x".repeat(10_000) + "\n\n", STREAM)
                .has(200);
        node.post("/topics/large", "data: " + "x".repeat(10_001) + "\n\n", STREAM)
                .isProblem(413, "event 1", "10000");
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/large", STREAM, "Content-Length: 1000000"));
            wire.send("data: 1\n\n" + "data: xxxxxxxxxxxxx\n".repeat(2_000));
            wire.answer().isProblem(413, "event 2");
        }
        assertThat(events("large")).hasSize(2);
    }
}
