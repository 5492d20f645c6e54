package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP.md, Ending a topic: how a topic is ended, and what its readers see. */
@Tag("transport")
class EndTest {

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.start();
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    private static String end(String topic) {
        return node.post("/topics/" + topic + "?end", "").has(201).string("id");
    }

    /** The stream's last event is the end of this id, and the response ends cleanly after it. */
    private static void endsWith(Subscriber stream, String id, String reason) {
        Received end = stream.next();
        assertThat(end.lines())
                .containsExactly("event: fanfare-end", "data: {\"reason\":\"" + reason + "\"}", "id: " + id);
        assertThat(stream.rest()).isEmpty();
    }

    // ending

    @Test
    void aBodyIsTheTopicsLastEvent() {
        try (Subscriber stream = node.listen("topic=last")) {
            Answer answer = node.post("/topics/last?end&event=total", "42").has(201);
            assertThat(answer.header("Location")).isEqualTo("/topics/last");
            Received event = stream.next();
            assertThat(event.type()).isEqualTo("total");
            assertThat(event.id()).isEqualTo(answer.string("id"));
            Received end = stream.next();
            assertThat(end.type()).isEqualTo("fanfare-end");
            assertThat(end.json()).isEqualTo(Map.of("reason", "done"));
            assertThat(stream.rest()).isEmpty();
        }
    }

    @Test
    void withoutABodyTheTopicOnlyEnds() {
        try (Subscriber stream = node.listen("topic=only")) {
            String id = end("only");
            endsWith(stream, id, "done");
            assertThat(end("only")).as("the end of a topic that has ended").isEqualTo(id);
        }
    }

    @Test
    void cancelEndsItToo() {
        try (Subscriber stream = node.listen("topic=cancelled")) {
            String id = node.post("/topics/cancelled?cancel", "").has(200).string("id");
            endsWith(stream, id, "cancelled");
            assertThat(node.post("/topics/cancelled?cancel", "").has(200).string("id"))
                    .isEqualTo(id);
        }
    }

    @Test
    void anEndedTopicTakesNoMore() {
        end("over");
        node.post("/topics/over", "x").isProblem(409, "over", "ended", "delete");
        node.post("/topics/over?end", "x").isProblem(409, "over");
        node.post("/topics/another?also=over", "x").isProblem(409, "over");
        assertThat(node.page("topic=another&from=start").objects("events")).isEmpty();
    }

    @Test
    void aRepeatedRequestIsAnsweredAsTheFirst() {
        String key = "Idempotency-Key: once";
        String id = node.post("/topics/keyed?end", "x", key).has(201).string("id");
        assertThat(node.post("/topics/keyed?end", "x", key).has(201).string("id"))
                .isEqualTo(id);
        assertThat(node.page("topic=keyed&from=start").objects("events")).hasSize(1);
    }

    @Test
    void aDeletedTopicCanBeUsedAgain() {
        end("again");
        node.ask("DELETE", "/topics/again").has(204);
        try (Subscriber stream = node.listen("topic=again")) {
            node.publish("again", "x");
            assertThat(stream.next().data()).isEqualTo("x");
        }
    }

    @Test
    void whatCannotBeMeantIsRefused() {
        node.post("/topics/refused?end&cancel", "").isProblem(400, "end", "cancel");
        node.post("/topics/refused?cancel", "x").isProblem(400, "cancel", "?end");
        node.post("/topics/refused?end=false", "x").isProblem(400, "end=false");
        node.post("/topics/refused?end&retyr=1000", "").isProblem(400, "retry");
        node.post("/topics/@all?end", "").isProblem(400, "@all");
        node.post("/topics/@all?end", "x").isProblem(400, "@all");
        node.post("/topics/@all?cancel", "").isProblem(400, "@all");
        node.publish("refused", "goes on");
        node.publish("@all", "goes on");
    }

    @Test
    void publishesAndTheEndOnOneConnectionKeepTheirOrder() {
        try (Subscriber stream = node.listen("topic=order");
                Wire wire = node.connect()) {
            wire.post("/topics/order", "1").post("/topics/order?end", "2").post("/topics/order", "3");
            wire.answer().has(201);
            wire.answer().has(201);
            wire.answer().isProblem(409);
            assertThat(stream.data(2)).containsExactly("1", "2");
            assertThat(stream.next().type()).isEqualTo("fanfare-end");
        }
    }

    // reading

    @ParameterizedTest
    @ValueSource(strings = {"", "&with=topic", "&with=envelope", "&event=other", "&slow=latest"})
    void everyKindOfStreamIsToldAndClosed(String parameters) {
        String topic = "kind" + parameters.replaceAll("\\W", "");
        try (Subscriber live = node.listen("topic=" + topic + parameters)) {
            String id = end(topic);
            endsWith(live, id, "done");
            try (Subscriber later = node.listen("topic=" + topic + "&from=start" + parameters)) {
                endsWith(later, id, "done");
            }
            try (Subscriber now = node.listen("topic=" + topic + parameters)) {
                endsWith(now, id, "done");
            }
        }
    }

    @Test
    void anOldProtocolsStreamIsClosedToo() {
        String id = end("old");
        try (Wire wire = node.connect().send("GET /events?topic=old&open=none HTTP/1.0\r\n\r\n")) {
            Subscriber stream = new Subscriber(wire);
            stream.lead();
            endsWith(stream, id, "done");
        }
    }

    @Test
    void theHistoryComesFirst() {
        for (int i = 0; i < 50; i++) {
            node.publish("history", "x" + i);
        }
        String id = end("history");
        try (Subscriber stream = node.listen("topic=history&from=start")) {
            assertThat(stream.data(50)).startsWith("x0").endsWith("x49");
            endsWith(stream, id, "done");
        }
    }

    @Test
    void aStreamOfSeveralTopicsEndsWithTheLast() {
        try (Subscriber stream = node.listen("topic=s/1&topic=s/2");
                Subscriber pattern = node.listen("topic=s/1&topic=s/*")) {
            end("s/1");
            node.publish("s/2", "x");
            assertThat(stream.next().data()).isEqualTo("x");
            endsWith(stream, end("s/2"), "done");

            node.publish("s/3", "y");
            assertThat(pattern.data(2)).containsExactly("x", "y");
        }
    }

    @Test
    void whoHasSeenTheEndIsToldToStop() {
        String last = node.publish("seen", "x");
        String id = end("seen");
        String later = node.publish("later", "y");
        for (String target : List.of("/topics/seen", "/events?topic=seen", "/events?topic=seen&from=start")) {
            for (String seen : List.of(id, later)) {
                Answer answer = node.get(target, "Last-Event-ID: " + seen).has(204);
                assertThat(answer.body()).isEmpty();
                assertThat(answer.names()).doesNotContain("content-length", "transfer-encoding");
            }
        }
        node.get("/topics/seen?lastEventId=" + id).has(204);
        node.ask("HEAD", "/topics/seen", "Last-Event-ID: " + id).has(204);
        try (Subscriber stream = node.listen("topic=seen", "Last-Event-ID: " + last)) {
            endsWith(stream, id, "done");
        }
        try (Subscriber stream = node.listen("topic=seen&topic=goes-on", "Last-Event-ID: " + id)) {
            node.publish("goes-on", "z");
            assertThat(stream.next().data()).isEqualTo("z");
        }
        try (Subscriber stream = node.listen("topic=seen/**", "Last-Event-ID: " + id)) {
            node.publish("seen/below", "z");
            assertThat(stream.next().data()).isEqualTo("z");
        }
    }

    @Test
    void aStopHasTheHeadersThatABrowserOfAnotherOriginNeeds() {
        String id = end("stop");
        Answer answer = node.get("/topics/stop?lastEventId=" + id, "Origin: http://localhost:3000")
                .has(204);
        assertThat(answer.header("Access-Control-Allow-Origin")).isEqualTo("http://localhost:3000");
    }

    // pages

    @Test
    void aPageSaysThatItsTopicsHaveEndedWhenItHasReadUpToThat() {
        for (int i = 0; i < 3; i++) {
            node.publish("page", "x" + i);
        }
        assertThat(node.page("topic=page&from=start").json()).containsEntry("ended", false);
        String id = end("page");

        Answer first = node.page("topic=page&from=start&limit=2").has(200);
        assertThat(first.objects("events")).hasSize(2);
        assertThat(first.json()).containsEntry("ended", false).containsEntry("more", true);
        Answer rest = node.page("topic=page&lastEventId=" + first.string("last"));
        assertThat(rest.objects("events"))
                .extracting(event -> event.get("data"))
                .containsExactly("x2");
        assertThat(rest.json()).containsEntry("ended", true).containsEntry("more", false);
        for (String seen : List.of(rest.string("last"), id)) {
            Answer after = node.page("topic=page&lastEventId=" + seen);
            assertThat(after.objects("events")).isEmpty();
            assertThat(after.json()).containsEntry("ended", true).containsEntry("gap", null);
        }
        assertThat(node.page("topic=page").json()).containsEntry("ended", true);
        assertThat(node.page("topic=page&topic=other").json()).containsEntry("ended", false);
        assertThat(node.page("topic=page/**&from=start").json()).containsEntry("ended", false);
    }

    @Test
    void aPageOfOneIsNeverTakenUpByAnEnd() {
        end("small/1");
        node.publish("small/2", "x");
        Answer page = node.page("topic=small/*&from=start&limit=1");
        assertThat(page.objects("events")).hasSize(1);
    }

    @Test
    void aWaitIsOverWhenTheTopicsHaveEnded() {
        String last = node.publish("poll", "x");
        try (Wire wire = node.connect()) {
            wire.get("/events?topic=poll&wait=60&lastEventId=" + last, "Accept: application/json")
                    .isSilentFor(200);
            end("poll");
            Answer page = wire.answer().has(200);
            assertThat(page.objects("events")).isEmpty();
            assertThat(page.json()).containsEntry("ended", true);
        }
        assertThat(node.page("topic=poll&wait=60").json()).containsEntry("ended", true);
        assertThat(node.page("topic=poll&wait=60&lastEventId=" + last).json()).containsEntry("ended", true);
    }

    // a log that takes its time

    @Test
    void aStreamIsOpenedOrStoppedWhenTheLogHasSaidWhetherItIsOver() {
        HesitantLog log = new HesitantLog();
        try (TestNode slow = TestNode.with(bounds -> bounds.log = log);
                Wire over = slow.connect();
                Wire open = slow.connect();
                Wire gone = slow.connect()) {
            String id = slow.post("/topics/a?end", "").has(201).string("id");
            String other = slow.publish("b", "1");
            slow.publish("b", "2");
            over.get("/topics/a", "Last-Event-ID: " + id).get("/healthz");
            open.get("/topics/b", "Last-Event-ID: " + other);
            gone.get("/topics/b", "Last-Event-ID: " + other);
            await().until(() -> log.asked.get() == 3);
            slow.get("/healthz").has(200);
            gone.reset();

            log.gate.complete(null);
            over.answer().has(204);
            over.answer().has(200);
            Subscriber stream = new Subscriber(open);
            stream.lead();
            assertThat(stream.next().data()).isEqualTo("2");
            slow.hasStreams(1);
        }
    }

    @Test
    void otherStreamsBeginWithoutWaitingForTheLog() {
        HesitantLog log = new HesitantLog();
        try (TestNode slow = TestNode.with(bounds -> bounds.log = log);
                Subscriber exact = slow.listen("topic=a");
                Subscriber pattern = slow.listen("topic=a/*", "Last-Event-ID: 1-0")) {
            slow.publish("a", "x");
            assertThat(exact.next().data()).isEqualTo("x");
            assertThat(pattern.next().type()).isEqualTo("fanfare-gap");
        }
    }

    @Test
    void aLogThatCannotSayDoesNotKeepAStreamFromOpening() {
        HesitantLog log = new HesitantLog();
        try (TestNode slow = TestNode.with(bounds -> bounds.log = log)) {
            String id = slow.post("/topics/a?end", "").has(201).string("id");
            log.gate.completeExceptionally(new IllegalStateException("made to fail"));
            try (Subscriber stream = slow.listen("topic=a", "Last-Event-ID: " + id)) {
                assertThat(stream.head().status()).isEqualTo(200);
            }
        }
    }
}
