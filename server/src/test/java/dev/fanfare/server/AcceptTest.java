package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** H4: which form a request for events gets. */
class AcceptTest {

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.start();
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    private static Answer head(String... headers) {
        return node.ask("HEAD", "/events?topic=a", headers);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/event-stream",
                "Text/Event-Stream",
                "*/*",
                "text/*",
                "text/event-stream, application/json",
                "application/json, text/event-stream",
                "application/json;q=0.5, text/event-stream;q=0.5",
                "application/json;q=0.4,text/event-stream;q=0.5",
                "text/html, */*;q=0.1",
                "text/event-stream; charset=utf-8",
                "text/event-stream;q=0.001",
                "application/json;q=0, */*",
                ""
            })
    void theStream(String accept) {
        assertThat(head("Accept: " + accept).has(200).header("Content-Type")).isEqualTo("text/event-stream");
    }

    @Test
    void theStreamWithoutAnAccept() {
        assertThat(head().has(200).header("Content-Type")).isEqualTo("text/event-stream");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/json",
                "application/*",
                "application/json, text/html",
                "text/event-stream;q=0.4, application/json;q=0.5",
                "text/event-stream;q=0, */*",
                "*/*;q=0.1, application/json",
                "text/event-stream; q=0.1 , application/json ; q=0.2",
                "text/*;q=0.5, application/json;q=0.9"
            })
    void thePage(String accept) {
        assertThat(head("Accept: " + accept).has(200).header("Content-Type")).isEqualTo("application/json");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/html",
                "image/*",
                "application/xml",
                "text/event-stream;q=0",
                "*/*;q=0",
                "text/event-stream;q=0, application/json;q=0.0",
                "application/problem+json",
                "text/event-streams"
            })
    void neither(String accept) {
        node.get("/events?topic=a", "Accept: " + accept).isProblem(406, "text/event-stream", "application/json");
    }

    @Test
    void severalAcceptLinesAreOneList() {
        Answer answer = head("Accept: text/html", "Accept: application/json");
        assertThat(answer.has(200).header("Content-Type")).isEqualTo("application/json");
    }
}
