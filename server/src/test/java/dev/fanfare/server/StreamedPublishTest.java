package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.SubmissionPublisher;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP.md, Streams of events in one request: NDJSON to a topic. */
@Tag("transport")
class StreamedPublishTest {

    static final String NDJSON = "Content-Type: application/x-ndjson";
    private static final String CHUNKED = "Transfer-Encoding: chunked";

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.with(bounds -> bounds.eventBytes = 10_000);
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    static String chunk(String text) {
        return Integer.toHexString(text.getBytes(StandardCharsets.UTF_8).length) + "\r\n" + text + "\r\n";
    }

    private static Answer publish(String target, String body, String... headers) {
        String[] all = Arrays.copyOf(headers, headers.length + 1);
        all[headers.length] = NDJSON;
        return node.post("/topics/" + target, body, all);
    }

    private static List<Map<String, Object>> events(String topic) {
        return node.page("from=start&limit=1000&topic=" + topic).has(200).objects("events");
    }

    private static List<Object> data(String topic) {
        return events(topic).stream().map(event -> event.get("data")).toList();
    }

    private static void published(Answer answer, long count, @Nullable Object last) {
        assertThat(answer.json()).containsEntry("published", count);
        assertThat(answer.json().get("last")).isEqualTo(last);
    }

    @Test
    void aLineIsPublishedWhenItEndsAndNotWhenTheRequestDoes() {
        try (Subscriber reader = node.listen("topic=live");
                Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/live", NDJSON, CHUNKED) + chunk("{\"data\":\"1\"}\n{\"da"));
            Received first = reader.next();
            assertThat(first.data()).isEqualTo("1");
            wire.send(chunk("ta\":\"2\"}\n"));
            Received second = reader.next();
            assertThat(second.data()).isEqualTo("2");
            wire.send("0\r\n\r\n");
            published(wire.answer().has(200), 2, second.id());
            wire.get("/healthz").answer().has(200);
        }
    }

    @Test
    void everyFieldOfALineIsThatOfASinglePublish() {
        String line = "{\"event\":\"paid\",\"id\":\"own-1\",\"retry\":4000,\"also\":[\"fields/2\",\"fields/3\"],"
                + "\"topic\":\"fields/1\",\"data\":\"x\"}";
        try (Subscriber reader = node.listen("topic=fields/*")) {
            published(publish("fields/1", line).has(200), 1, "own-1");
            Received event = reader.next();
            assertThat(event.type()).isEqualTo("paid");
            assertThat(event.id()).isEqualTo("own-1");
            assertThat(event.data()).isEqualTo("x");
        }
        assertThat(events("fields/3"))
                .singleElement()
                .satisfies(event -> assertThat(event).containsEntry("topic", "fields/1"));
        published(
                publish("fields/1", "{\"also\":\"fields/4\",\"data\":1}").has(200),
                1,
                events("fields/4").get(0).get("id"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"text\"|text",
                "\"\"|``",
                "\"a\\r\\nb\\u00fc\\ud83c\\udfba\"|`a\nbü🎺`",
                "null|null",
                "true|true",
                " 1.50E+3 |1.50E+3",
                "-0|-0",
                "123456789012345678901234567890|123456789012345678901234567890",
                "{ \"a\" : [ 1 , \"b c\\\" \\\\\" , { } ] }|{\"a\":[1,\"b c\\\" \\\\\",{}]}",
                "[]|[]",
                "[ \t1.0,\"ü\" , \"\\u00fc\\ud800\"]|[1.0,\"ü\",\"\\u00fc\\ud800\"]",
            })
    void aStringIsSentAsItsTextAndAnythingElseAsCompactJson(String json, String data) {
        String topic = "json/" + TestNode.encode(Integer.toHexString(json.hashCode()));
        publish(topic, "{\"before\":[{}],\"data\":" + json + ",\"after\":{}}").has(200);
        assertThat(data(topic)).containsExactly(data);
    }

    @Test
    void crlfIsToleratedBlankLinesAreSkippedAndTheLastLineNeedsNoNewline() {
        Answer answer = publish("breaks", "\r\n\n{\"data\":1}\r\n  \n\t\n{\"data\":2}\n\n{\"data\":3}")
                .has(200);
        assertThat(data("breaks")).containsExactly("1", "2", "3");
        published(answer, 3, events("breaks").get(2).get("id"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", " \r\n\r\n"})
    void aBodyWithoutALinePublishesNothing(String body) {
        Answer answer = publish("nothing", body).has(200);
        assertThat(answer.text()).isEqualTo("{\"published\":0,\"last\":null}");
    }

    @Test
    void aProducerThatDiesWithinALinePublishesTheLinesBefore() {
        for (boolean reset : new boolean[] {false, true}) {
            String topic = "dies/" + reset;
            try (Subscriber reader = node.listen("topic=" + topic);
                    Wire wire = node.connect()) {
                wire.send(Wire.request("POST", "/topics/" + topic, NDJSON, "Content-Length: 1000")
                        + "{\"data\":1}\n{\"data\":2}\n{\"data\":3}");
                reader.next(2);
                if (reset) {
                    wire.reset();
                } else {
                    wire.close();
                }
            }
            node.publish(topic, "later");
            assertThat(data(topic)).containsExactly("1", "2", "later");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "nonsense|not JSON",
                "1|object",
                "[1]|object",
                "{}|no data",
                "{\"event\":\"x\"}|no data",
                "{\"data\":1|not JSON",
                "{\"data\":1} {\"data\":2}|more than one",
                "{\"data\":1},|not JSON",
                "{\"data\":1,\"data\":2}|twice",
                "{\"data\":1,\"event\":\"a\",\"event\":\"b\"}|twice",
                "{\"data\":1,\"retry\":1000,\"retry\":1000}|twice",
                "{\"data\":1,\"evnt\":\"x\"}|did you mean 'event'",
                "{\"dat\":1}|did you mean 'data'",
                "{\"data\":1,\"event\":1}|event",
                "{\"data\":1,\"event\":\"fanfare-end\"}|fanfare-",
                "{\"data\":1,\"event\":\"a\\nb\"}|type",
                "{\"data\":1,\"event\":\"a\\u0000b\"}|NUL",
                "{\"data\":1,\"id\":\"1-1\"}|id",
                "{\"data\":1,\"id\":\"a b\"}|id",
                "{\"data\":1,\"retry\":499}|500",
                "{\"data\":1,\"retry\":\"500\"}|retry",
                "{\"data\":1,\"retry\":500.5}|retry",
                "{\"data\":1,\"retry\":99999999999999999999}|retry",
                "{\"data\":1,\"also\":[1]}|also",
                "{\"data\":1,\"also\":\"a//b\"}|segment",
                "{\"data\":1,\"key\":\" \"}|key",
                "{\"data\":1,\"topic\":\"other\"}|other",
                "{\"data\":\"\\ud800\"}|surrogate",
                "{\"data\":1,\"also\":\"a\\ud800\"}|surrogate",
                "{\"data\":tru}|not JSON",
                "{\"data\":01}|not JSON",
                "{'data':1}|not JSON",
            })
    void aBadLineIsNamedAndWhatCameBeforeStaysPublished(String line, String mention) {
        String topic = "bad/" + Integer.toHexString(line.hashCode());
        try (Wire wire = node.connect()) {
            String body = "{\"data\":\"before\"}\n\n" + line + "\n{\"data\":\"after\"}\n";
            Answer refused = wire.post("/topics/" + topic, body, NDJSON).answer();
            refused.isProblem(400, "line 2", mention, "1 event was published");
            published(refused, 1, events(topic).get(0).get("id"));
            wire.get("/healthz").answer().has(200);
        }
        assertThat(data(topic)).containsExactly("before");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ff", "c3 28", "ed a0 80", "c0 80", "00", "e2 82"})
    void aLineThatIsNotUtf8IsRefused(String bytes) {
        byte[] bad = HexFormat.ofDelimiter(" ").parseHex(bytes);
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/binary", NDJSON, "Content-Length: " + (12 + bad.length)));
            wire.send("{\"data\":\"").send(bad).send("\"}\n").answer().isProblem(400, "line 1", "UTF-8");
        }
        assertThat(events("binary")).isEmpty();
    }

    @Test
    void otherFieldsAreIgnored() {
        publish("other", "{\"data\":1,\"comment\":{\"data\":[2]},\"x\":null,\"event\":null}")
                .has(200);
        assertThat(data("other")).containsExactly("1");
    }

    @Test
    void aBadLineIsAnsweredBeforeTheBodyEndsAndTheConnectionCloses() {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/early", NDJSON, CHUNKED) + chunk("{\"data\":1}\nbad\n"));
            Answer refused = wire.answer().isProblem(400, "line 2");
            assertThat(refused.header("Connection")).isEqualToIgnoringCase("close");
            wire.isClosed();
        }
    }

    @Test
    void aBodyWhoseFramingBreaksIsNamedAsSuchWithWhatWasPublished() {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/framing", NDJSON, CHUNKED) + chunk("{\"data\":1}\n") + "zz\r\n");
            published(
                    wire.answer().isProblem(400, "not an HTTP"),
                    1,
                    events("framing").get(0).get("id"));
            wire.isClosed();
        }
    }

    @Test
    void anEventLargerThanOneMayBeIsRefusedByLine() {
        String large = "{\"data\":\"" + "x".repeat(10_000) + "\"}\n";
        publish("large", large).has(200);
        publish("large", large + large.replace("\":\"", "\":\"y"))
                .isProblem(413, "line 2", "10000", "limits.event-bytes");
        publish("large", "{\"data\":\"" + "ü".repeat(5_000) + "\"}").has(200);
        publish("large", "{\"data\":\"" + "ü".repeat(5_001) + "\"}").isProblem(413, "line 1");
        publish("large", "{\"data\":\"" + "\\u00fc".repeat(5_000) + "\"}").has(200);
        assertThat(events("large")).hasSize(4);
    }

    @Test
    void aLineThatGrowsBeyondWhatAnEventCanNeedIsRefusedBeforeItEnds() {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/endless", NDJSON, "Content-Length: 100000000"));
            wire.send("{\"data\":1}\n{\"data\":\"" + "x".repeat(60_000));
            wire.answer().isProblem(413, "line 2", "limits.event-bytes", "1 event was published");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"event=a", "id=1", "retry=1000", "also=b", "cancel", "ent", "keep-id"})
    void parametersOfASingleEventAreRefusedAndSoAreTypos(String parameter) {
        publish("query?" + parameter, "{\"data\":1}").isProblem(400, parameter.replaceAll("=.*", ""));
        assertThat(events("query")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Application/X-NDJSON; charset=utf-8", "application/x-ndjson ;x=y"})
    void theContentTypeMayBeWrittenInAnyCaseAndHaveParameters(String type) {
        node.post("/topics/typed", "{\"data\":1}\n", "Content-Type: " + type).has(200);
    }

    @Test
    void aTopicThatIsNoneIsRefused() {
        publish("a//b", "{\"data\":1}").isProblem(400, "segment");
    }

    @Test
    void publishesBeforeAndAfterOnTheSameConnectionKeepTheirOrder() {
        try (Wire wire = node.connect()) {
            wire.post("/topics/order", "0")
                    .post("/topics/order", "{\"data\":1}\n{\"data\":2}\n", NDJSON)
                    .post("/topics/order", "3")
                    .post("/topics/order", "{\"data\":4}\nbad\n{\"data\":5}", NDJSON)
                    .get("/topics/order?from=start", "Accept: application/json");
            wire.answer().has(201);
            wire.answer().has(200);
            wire.answer().has(201);
            wire.answer().isProblem(400, "line 2");
            assertThat(wire.answer().objects("events"))
                    .extracting(event -> event.get("data"))
                    .containsExactly("0", "1", "2", "3", "4");
        }
    }

    @Test
    void expectContinueIsAnsweredAndSoIsOneBehindAnotherPublish() {
        try (Wire wire = node.connect()) {
            wire.post("/topics/expect", "x");
            wire.send(Wire.request("POST", "/topics/expect", NDJSON, "Content-Length: 11", "Expect: 100-continue"));
            wire.answer().has(201);
            assertThat(wire.line()).isEqualTo("HTTP/1.1 100 Continue");
            assertThat(wire.line()).isEmpty();
            wire.send("{\"data\":1}\n").answer().has(200);
        }
    }

    @Test
    void aStandardClientStreamsItsLinesAndReadsTheAnswer() throws Exception {
        SubmissionPublisher<ByteBuffer> lines = new SubmissionPublisher<>();
        CompletableFuture<HttpResponse<String>> answer = HttpClient.newHttpClient()
                .sendAsync(
                        HttpRequest.newBuilder(URI.create("http://localhost:" + node.port() + "/topics/standard"))
                                .header("Content-Type", "application/x-ndjson")
                                .POST(HttpRequest.BodyPublishers.fromPublisher(lines))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        try (Subscriber reader = node.listen("topic=standard&from=start")) {
            Awaitility.await().until(lines::hasSubscribers);
            lines.submit(ByteBuffer.wrap("{\"data\":1}\n".getBytes(StandardCharsets.UTF_8)));
            assertThat(reader.next().data()).isEqualTo("1");
            lines.close();
        }
        assertThat(answer.get().statusCode()).isEqualTo(200);
        assertThat(answer.get().body()).contains("\"published\":1");
    }

    @Test
    void tenThousandLinesAreInOrderWhateverTheyAreCutInto() {
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < 10_000; i++) {
            body.append("{\"data\":").append(i).append("}\n");
        }
        try (Subscriber reader = node.listen("topic=many");
                Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/many", NDJSON, CHUNKED));
            for (int at = 0; at < body.length(); at += 777) {
                wire.send(chunk(body.substring(at, Math.min(body.length(), at + 777))));
            }
            wire.send("0\r\n\r\n").answer().has(200);
            int next = 0;
            for (Received event : reader.next(10_000)) {
                assertThat(event.data()).isEqualTo(String.valueOf(next++));
            }
        }
    }
}
