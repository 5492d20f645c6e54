package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Several requests on one connection, and bodies in every framing. */
@Tag("transport")
class PublishConnectionTest {

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.with(bounds -> bounds.eventBytes = 100_000);
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @Test
    void aConnectionIsKeptForTheNextPublish() {
        try (Wire wire = node.connect()) {
            for (int i = 0; i < 3; i++) {
                Answer answer = wire.post("/topics/keep", "x").answer().has(201);
                assertThat(answer.header("Connection")).isNotEqualToIgnoringCase("close");
            }
        }
    }

    @Test
    void aConnectionIsClosedWhenAskedFor() {
        try (Wire wire = node.connect()) {
            Answer answer = wire.post("/topics/close", "x", "Connection: close").answer();
            assertThat(answer.has(201).header("Connection")).isEqualToIgnoringCase("close");
            wire.isClosed();
        }
    }

    @Test
    void anHttp10ConnectionIsClosedUnlessItAskedOtherwise() {
        try (Wire wire = node.connect().send("POST /topics/old HTTP/1.0\r\nContent-Length: 1\r\n\r\nx")) {
            wire.answer().has(201);
            wire.isClosed();
        }
        try (Wire wire = node.connect()) {
            String kept = "POST /topics/old HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx";
            assertThat(wire.send(kept).answer().has(201).header("Connection")).isEqualToIgnoringCase("keep-alive");
            wire.send(kept).answer().has(201);
        }
    }

    @Test
    void aHundredPublishesInOneWriteHaveAHundredAnswersInOrder() {
        StringBuilder requests = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            requests.append(Wire.request("POST", "/topics/pipe?id=p" + i, "Content-Length: 3"))
                    .append(String.format("%03d", i));
        }
        try (Wire wire = node.connect();
                Subscriber stream = node.listen("topic=pipe")) {
            wire.send(requests.toString());
            List<String> ids = new ArrayList<>();
            List<String> data = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                assertThat(wire.answer().has(201).string("id")).isEqualTo("p" + i);
                ids.add("p" + i);
                data.add(String.format("%03d", i));
            }
            List<Received> events = stream.next(100);
            assertThat(events).extracting(Received::id).isEqualTo(ids);
            assertThat(events).extracting(Received::data).isEqualTo(data);
        }
    }

    @Test
    void refusalsKeepTheirPlaceAmongPipelinedAnswers() {
        try (Wire wire = node.connect()) {
            wire.post("/topics/mixed", "1")
                    .post("/topics/mixed?event=fanfare-x", "2")
                    .get("/nowhere")
                    .post("/topics/mixed", "3");
            wire.answer().has(201);
            wire.answer().isProblem(400);
            wire.answer().isProblem(404);
            wire.answer().has(201);
        }
    }

    @Test
    void aReadBehindAPublishOnOneConnectionReadsIt() {
        try (Wire wire = node.connect()) {
            for (int i = 1; i <= 20; i++) {
                wire.post("/topics/own", "x" + i).get("/topics/own?from=-1", "Accept: application/json");
                String id = wire.answer().has(201).string("id");
                Answer page = wire.answer().has(200);
                assertThat(page.objects("events"))
                        .singleElement()
                        .satisfies(event -> assertThat(event).containsEntry("id", id));
            }
        }
    }

    @Test
    void aStreamBehindAPublishOnOneConnectionOpensAfterItsAnswer() {
        try (Wire wire = node.connect()) {
            wire.post("/topics/then", "1").get("/events?topic=then&open=none&from=start");
            wire.answer().has(201);
            Subscriber stream = new Subscriber(wire);
            stream.lead();
            assertThat(stream.next().data()).isEqualTo("1");
        }
    }

    @Test
    void expectContinueIsAnswered() {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/expect", "Content-Length: 1", "Expect: 100-continue"));
            assertThat(wire.line()).isEqualTo("HTTP/1.1 100 Continue");
            assertThat(wire.line()).isEmpty();
            wire.send("x").answer().has(201);
        }
    }

    @Test
    void expectContinueOfWhatWillBeRefusedIsRefusedAtOnce() {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/expect", "Content-Length: 100001", "Expect: 100-continue"));
            wire.answer().isProblem(413);
        }
    }

    @Test
    void aChunkedBodyIsOneEvent() {
        try (Wire wire = node.connect()) {
            String head = Wire.request("POST", "/topics/chunked", "Transfer-Encoding: chunked");
            wire.send(head + "1;x=y\r\na\r\n").send("2\r\nbc\r\n").send("0\r\nTrailer: x\r\n\r\n");
            wire.answer().has(201);
            wire.get("/topics/chunked?from=start", "Accept: application/json");
            assertThat(wire.answer().objects("events").get(0)).containsEntry("data", "abc");
        }
    }

    @Test
    void aPublishWithoutABodyIsAnEventWithEmptyData() {
        try (Wire wire = node.connect().send(Wire.request("POST", "/topics/bodiless"))) {
            wire.answer().has(201);
        }
        assertThat(node.page("topic=bodiless&from=start").objects("events").get(0))
                .containsEntry("data", "");
    }

    @Test
    void aBodyThatBreaksOffPublishesNothing() {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/broken", "Content-Length: 5") + "abc");
        }
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/broken", "Transfer-Encoding: chunked") + "3\r\nabc\r\n");
        }
        node.publish("broken", "whole");
        assertThat(node.page("topic=broken&from=start").objects("events"))
                .extracting(event -> event.get("data"))
                .containsExactly("whole");
    }

    @Test
    void aStandardClientPublishesAndReads() throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        URI topic = URI.create("http://localhost:" + node.port() + "/topics/standard");
        HttpResponse<String> published = client.send(
                HttpRequest.newBuilder(topic)
                        .POST(HttpRequest.BodyPublishers.ofString("x"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(published.statusCode()).isEqualTo(201);
        HttpResponse<String> page = client.send(
                HttpRequest.newBuilder(URI.create(topic + "?from=start"))
                        .header("Accept", "application/json")
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(page.body()).contains("\"data\":\"x\"");
    }
}
