package dev.fanfare.server;

import static dev.fanfare.server.StreamedPublishTest.NDJSON;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP.md, {@code POST /events}: events that name their topics, as lines or as one document. */
class EventsOfManyTopicsTest {

    private static final String JSON = "Content-Type: application/json";

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.with(bounds -> {
            bounds.eventBytes = 10_000;
            bounds.bodyBytes = 50_000;
        });
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    private static List<Map<String, Object>> events(String topic) {
        return node.page("from=start&limit=1000&topic=" + topic).has(200).objects("events");
    }

    @Test
    void linesGoToTheTopicsTheyName() {
        String body = "{\"topic\":\"lines/1\",\"data\":1}\n{\"topic\":\"lines/2\",\"also\":\"lines/3\",\"data\":2}\n"
                + "{\"topic\":\"lines/1\",\"data\":3}\n";
        assertThat(node.post("/events", body, NDJSON).has(200).json()).containsEntry("published", 3L);
        assertThat(events("lines/1")).hasSize(2);
        assertThat(events("lines/3")).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"data\":1}", "{\"topic\":null,\"data\":1}", "{\"topic\":\"a//b\",\"data\":1}"})
    void anEventWithoutATopicIsRefused(String event) {
        node.post("/events", "{\"topic\":\"one\",\"data\":1}\n" + event, NDJSON).isProblem(400, "line 2", "topic");
        node.post("/events", "[{\"topic\":\"none\",\"data\":1}," + event + "]", JSON)
                .isProblem(400, "event 2", "topic");
        assertThat(events("none")).isEmpty();
    }

    @Test
    void aDocumentIsOneEventOrAnArrayOfThem() {
        String one = "{\"topic\":\"doc\", \"event\":\"paid\", \"id\":\"own\", \"data\":{\"order\": 42}}";
        assertThat(node.post("/events", one, JSON).has(200).text()).isEqualTo("{\"published\":1,\"last\":\"own\"}");
        assertThat(events("doc").get(0)).containsEntry("data", "{\"order\":42}").containsEntry("event", "paid");

        Answer two = node.post(
                "/events", " [ {\"topic\":\"doc\",\"data\":1},\n{\"data\":\"2\",\"topic\":\"doc\"} ]\n", JSON);
        assertThat(two.has(200).json()).containsEntry("published", 2L);
        assertThat(events("doc")).hasSize(3);
        assertThat(events("doc").get(2)).containsEntry("id", two.string("last"));

        assertThat(node.post("/events", "[]", JSON).has(200).text()).isEqualTo("{\"published\":0,\"last\":null}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "|expected an object",
                "[|not JSON",
                "1|expected an object",
                "[1]|event 1",
                "[{\"topic\":\"all\",\"data\":1},{\"topic\":\"all\",\"data\":1,\"id\":\"1-1\"}]|event 2",
                "[{\"topic\":\"all\",\"data\":1}] []|expected an object",
                "{\"topic\":\"all\",\"data\":1} {}|more than one",
                "{\"topic\":\"all\",\"data\":1|not JSON",
                "[{\"topic\":\"all\",\"data\":1}|not JSON",
            })
    void aBadDocumentPublishesNothing(String body, String mention) {
        node.post("/events", String.valueOf(body).replaceAll("^null$", ""), JSON)
                .isProblem(400, mention);
        assertThat(events("all")).isEmpty();
    }

    @Test
    void aDocumentIsPublishedWholeOrNotAtAll() {
        String key = "Idempotency-Key: k";
        node.post("/events", "[{\"topic\":\"whole\",\"data\":1},{\"topic\":\"whole\",\"data\":2}]", JSON, key)
                .has(200);
        node.post("/events", "[{\"topic\":\"whole\",\"data\":1},{\"topic\":\"whole\",\"data\":2}]", JSON, key)
                .has(200);
        assertThat(events("whole")).hasSize(2);
        node.post("/events", "[{\"topic\":\"whole/new\",\"data\":1},{\"topic\":\"whole\",\"data\":3}]", JSON, key)
                .isProblem(409, "k/2");
        assertThat(events("whole/**")).hasSize(2);
    }

    @Test
    void aDocumentHasAtMostAThousandEvents() {
        String event = "{\"topic\":\"t\",\"data\":1}";
        node.post("/events", "[" + (event + ",").repeat(999) + event + "]", JSON)
                .has(200);
        node.post("/events", "[" + (event + ",").repeat(1_000) + event + "]", JSON)
                .isProblem(400, "1000");
        assertThat(events("t")).hasSize(1_000);
    }

    @Test
    void aDocumentIsBoundedAsAWholeAndSoIsEachEvent() {
        String event = "{\"topic\":\"size\",\"data\":\"" + "x".repeat(9_900) + "\"},";
        node.post("/events", "[" + event.repeat(5).replaceAll(",$", "]"), JSON).has(200);
        node.post("/events", "[" + event.repeat(6).replaceAll(",$", "]"), JSON)
                .isProblem(413, "limits.body-bytes", "50000");
        node.post("/events", "{\"topic\":\"size\",\"data\":\"" + "x".repeat(10_001) + "\"}", JSON)
                .isProblem(413, "limits.event-bytes", "event 1");
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/events", JSON, "Content-Length: 50001"));
            wire.answer().isProblem(413, "limits.body-bytes");
        }
        assertThat(events("size")).hasSize(5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/plain", "text/event-stream", "application/x-www-form-urlencoded", ""})
    void anotherTypeIsRefusedWithThoseThatAreTaken(String type) {
        Answer refused = type.isEmpty()
                ? node.post("/events", "x")
                : node.post("/events", "data: x\n\n", "Content-Type: " + type);
        refused.isProblem(415, "application/x-ndjson", "application/json", "/topics/");
        assertThat(refused.header("Accept-Post")).isEqualTo("application/x-ndjson, application/json");
    }

    @ParameterizedTest
    @CsvSource({"end, /topics/", "cancel, cancel", "event=x, event", "topic=x, topic"})
    void parametersThatMeanNothingHereAreRefused(String parameter, String mention) {
        node.post("/events?" + parameter, "{\"topic\":\"q\",\"data\":1}", NDJSON)
                .isProblem(400, mention);
        assertThat(events("q")).isEmpty();
    }

    @Test
    void postIsAmongTheMethodsOfEvents() {
        assertThat(node.ask("PUT", "/events", "Content-Length: 0")
                        .isProblem(405)
                        .header("Allow"))
                .isEqualTo("GET, HEAD, POST, OPTIONS");
        assertThat(node.ask("OPTIONS", "/events").header("Allow")).contains("POST");
        assertThat(node.ask("OPTIONS", "/events", "Origin: http://localhost:1").header("Access-Control-Allow-Methods"))
                .contains("POST");
    }

    @Test
    void aForeignPageMayNotPublish() {
        node.post("/events", "{\"topic\":\"foreign\",\"data\":1}", JSON, "Origin: https://evil.example")
                .isProblem(403, "cors.origins");
        Answer own = node.post("/events", "{\"topic\":\"own\",\"data\":1}", JSON, "Origin: http://localhost:5173");
        assertThat(own.has(200).header("Access-Control-Allow-Origin")).isEqualTo("http://localhost:5173");
        assertThat(events("foreign")).isEmpty();
    }
}
