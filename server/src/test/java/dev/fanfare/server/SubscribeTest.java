package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** HTTP.md, Subscribe: how a stream begins. */
@Tag("transport")
class SubscribeTest {

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.start();
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @Test
    void theHeadIsThatOfTheContract() {
        try (Subscriber stream = node.subscribe("/events?topic=head", "Accept: text/event-stream")) {
            Answer head = stream.head();
            assertThat(head.statusLine()).isEqualTo("HTTP/1.1 200 OK");
            assertThat(head.all("Content-Type")).containsExactly("text/event-stream");
            assertThat(head.all("Cache-Control")).containsExactly("no-store, no-transform");
            assertThat(head.all("X-Accel-Buffering")).containsExactly("no");
            assertThat(head.all("Transfer-Encoding")).as("H1").containsExactly("chunked");
            assertThat(head.names())
                    .as("nothing that only costs bytes on a million streams")
                    .isSubsetOf(
                            "content-type",
                            "cache-control",
                            "x-accel-buffering",
                            "transfer-encoding",
                            "connection",
                            "date",
                            "vary");
        }
    }

    @Test
    void theHeadAndTheFirstLinesComeInOneWrite() {
        try (Wire wire = node.connect().get("/events?topic=first&open=none")) {
            String first = wire.readOnce();
            String body = first.substring(first.indexOf("\r\n\r\n") + 4);
            assertThat(body).as("fact 8: a body byte at once").isEqualTo("e\r\n:\nretry: 3000\n\r\n");
            wire.isSilentFor(200);
        }
    }

    @Test
    void theOpenEventComesAtOnceToo() {
        try (Wire wire = node.connect().get("/events?topic=first")) {
            String first = wire.readOnce();
            assertThat(first).containsSubsequence(":\nretry: 3000\n", "event: fanfare-open\ndata: {", "\nid: ", "\n\n");
        }
    }

    @Test
    void noBlankLineFollowsTheFirstLines() {
        try (Subscriber stream = node.subscribe("/events?topic=blank&open=none")) {
            assertThat(stream.lead()).isEqualTo(3000);
            node.publish("blank", "x");
            assertThat(stream.line())
                    .as("fact 5: they belong to the first event's block")
                    .isEqualTo("data: x");
        }
    }

    @Test
    void aStreamWithoutALastEventIdBeginsWithFanfareOpen() {
        String before = node.publish("open", "before");
        try (Subscriber stream = node.subscribe("/topics/open")) {
            stream.lead();
            Received open = stream.next();
            assertThat(open.type()).isEqualTo("fanfare-open");
            assertThat(open.json()).containsOnlyKeys("stream", "latest").containsEntry("latest", open.id());
            assertThat((String) open.json().get("stream")).isNotBlank();
            assertThat(open.id()).as("at or after what was there").matches("\\d+-\\d+");
            assertThat(open.id()).isEqualTo(before);
        }
    }

    @Test
    void theIdOfFanfareOpenResumesWithoutLossWhenTheStreamWasCutBeforeItsFirstEvent() {
        String id;
        try (Subscriber stream = node.subscribe("/topics/cut")) {
            stream.lead();
            id = stream.next().id();
        }
        node.publish("cut", "meanwhile");
        try (Subscriber stream = node.listen("topic=cut", "Last-Event-ID: " + id)) {
            assertThat(stream.next().data()).isEqualTo("meanwhile");
        }
    }

    @Test
    void theIdOfFanfareOpenIsWhereAHistoryBegins() {
        node.publish("history", "1");
        node.publish("history", "2");
        String id;
        try (Subscriber stream = node.subscribe("/topics/history?from=start")) {
            stream.lead();
            id = stream.next().id();
        }
        try (Subscriber stream = node.listen("topic=history", "Last-Event-ID: " + id)) {
            assertThat(stream.data(2)).containsExactly("1", "2");
        }
    }

    @Test
    void aResumedStreamHasNoFanfareOpen() {
        String id = node.publish("resumed", "1");
        node.publish("resumed", "2");
        try (Subscriber stream = node.subscribe("/events?topic=resumed", "Last-Event-ID: " + id)) {
            stream.lead();
            assertThat(stream.next().data()).isEqualTo("2");
        }
    }

    @Test
    void openNoneLeavesFanfareOpenOut() {
        try (Subscriber stream = node.listen("topic=quiet")) {
            node.publish("quiet", "x");
            assertThat(stream.next().data()).isEqualTo("x");
        }
    }

    @Test
    void theReconnectionTimeIsTheOneAskedFor() {
        for (int retry : List.of(500, 60_000)) {
            try (Subscriber stream = node.subscribe("/events?topic=retry&retry=" + retry)) {
                assertThat(stream.lead()).isEqualTo(retry);
            }
        }
    }

    @Test
    void aStreamIsChunkedInOneChunkAnEventAtMost() {
        try (Wire wire = node.connect().get("/events?topic=chunks&open=none")) {
            assertThat(wire.head().header("Connection")).as("RFC 9112, 9.6").isEqualToIgnoringCase("close");
            assertThat(wire.chunk()).asString().isEqualTo(":\nretry: 3000\n");
            String id = node.publish("chunks", "one\ntwo");
            assertThat(wire.chunk()).asString().isEqualTo("data: one\ndata: two\nid: " + id + "\n\n");
        }
    }

    @Test
    void aStreamOverHttp10IsDelimitedByTheCloseAndNotChunked() {
        try (Wire wire = node.connect().send("GET /events?topic=old&open=none HTTP/1.0\r\n\r\n")) {
            Subscriber stream = new Subscriber(wire);
            assertThat(stream.head().names()).as("H1").doesNotContain("transfer-encoding", "content-length");
            assertThat(stream.head().header("Connection")).isEqualToIgnoringCase("close");
            assertThat(stream.head().header("Content-Type")).isEqualTo("text/event-stream");
            assertThat(stream.head().header("X-Accel-Buffering")).isEqualTo("no");
            assertThat(stream.lead()).isEqualTo(3000);
            String id = node.publish("old", "x");
            assertThat(stream.line()).isEqualTo("data: x");
            assertThat(stream.line()).isEqualTo("id: " + id);
            assertThat(stream.line()).isEmpty();
        }
    }

    @Test
    void http10HasAFirstWriteOfHeadAndLinesToo() {
        try (Wire wire = node.connect().send("GET /events?topic=old&open=none HTTP/1.0\r\nHost: localhost\r\n\r\n")) {
            assertThat(wire.readOnce()).endsWith("\r\n\r\n:\nretry: 3000\n");
        }
    }

    @Test
    void headAnswersTheHeadAloneAndTheConnectionGoesOn() {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("HEAD", "/events?topic=head") + Wire.request("GET", "/healthz"));
            Answer head = wire.head().has(200);
            assertThat(head.header("Content-Type")).as("H3").isEqualTo("text/event-stream");
            assertThat(head.header("Cache-Control")).isEqualTo("no-store, no-transform");
            assertThat(head.header("X-Accel-Buffering")).isEqualTo("no");
            wire.answer().has(200);
        }
        node.hasStreams(0);
    }

    @Test
    void headOfATopicIsThatOfItsStream() {
        Answer head = node.ask("HEAD", "/topics/orders/42").has(200);
        assertThat(head.header("Content-Type")).isEqualTo("text/event-stream");
    }

    @Test
    void headOfABadSubscriptionIsRefusedWithoutABody() {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("HEAD", "/events") + Wire.request("GET", "/healthz"));
            assertThat(wire.head().has(400).header("Content-Type")).isEqualTo("application/problem+json");
            wire.answer().has(200);
        }
    }

    @Test
    void noTopicIsRefusedWithAUrlThatWorks() {
        Answer refused = node.get("/events").isProblem(400, "/events?topic=");
        String detail = refused.string("detail");
        String works = detail.replaceFirst("(?s).*?(/events\\?topic=[^\\s\"']*[^\\s\"',.;)]).*", "$1");
        try (Subscriber stream = node.subscribe(works)) {
            stream.lead();
        }
    }

    @Test
    void eachStreamHasAnIdOfItsOwn() {
        try (Subscriber one = node.subscribe("/topics/ids");
                Subscriber two = node.subscribe("/topics/ids")) {
            one.lead();
            two.lead();
            assertThat(one.next().json().get("stream"))
                    .isNotEqualTo(two.next().json().get("stream"));
        }
    }

    @Test
    void whatAClientSendsOnAnOpenStreamDoesItNoHarm() {
        try (Subscriber stream = node.listen("topic=chatty")) {
            stream.wire().get("/healthz").send("garbage\r\n\r\n".repeat(1000));
            node.publish("chatty", "x");
            assertThat(stream.next().data()).isEqualTo("x");
        }
    }
}
