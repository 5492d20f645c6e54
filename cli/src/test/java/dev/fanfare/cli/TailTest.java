package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.stream.Event;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TailTest {

    private static final String END = "event: fanfare-end\ndata: {\"reason\":\"done\"}\nid: 1763683200000-9\n\n";

    private FakeNode node;

    @BeforeEach
    void start() throws IOException {
        node = new FakeNode();
    }

    @AfterEach
    void stop() {
        node.close();
    }

    @Test
    void printsEventsAndEndsWithTheTopic() {
        node.streams("event: shipped\ntopic: orders/42\ndata: a\ndata: b\nid: 1763683200000-1\n\ndata: c\n\n" + END);

        Run run = tail("orders/*", "a b", "--from", "-5", "--token", "t");

        assertThat(run.code()).isZero();
        assertThat(run.out().lines())
                .containsExactly("1763683200000-1  orders/42  shipped  a", "    b", "1763683200000-1  -  message  c");
        assertThat(node.requests)
                .containsExactly("GET /events?topic=orders%2F*&topic=a%20b&with=topic&from=-5 Bearer t");
    }

    @Test
    void resumesAfterALossAndSaysSo() {
        node.streams("data: a\nid: 1763683200000-1\n\n", "data: b\nid: 1763683200000-2\n\n" + END);

        Run run = tail("t", "--last-event-id", "1763683200000-0");

        assertThat(run.code()).isZero();
        assertThat(run.out().lines())
                .containsExactly("1763683200000-1  -  message  a", "1763683200000-2  -  message  b");
        assertThat(run.err().lines())
                .containsExactly("fanfare: the server ended the stream; trying again", "fanfare: connected again");
        assertThat(node.requests)
                .containsExactly(
                        "GET /events?topic=t&with=topic after 1763683200000-0",
                        "GET /events?topic=t&with=topic after 1763683200000-1");
    }

    @Test
    void printsJsonLinesWithGapsAmongThem() {
        String gap = "{\"after\":\"1-0\",\"resumedAt\":\"5-0\",\"reason\":\"expired\"}";
        node.streams(
                "event: fanfare-gap\ndata: " + gap + "\nid: 5-0\n\ntopic: t\ndata: \"ü\ndata: \nid: 6-0\n\n" + END);

        Run run = tail("t", "--json");

        assertThat(run.out().lines())
                .containsExactly(
                        "{\"id\":\"5-0\",\"topic\":null,\"event\":\"fanfare-gap\",\"data\":\""
                                + gap.replace("\"", "\\\"") + "\"}",
                        "{\"id\":\"6-0\",\"topic\":\"t\",\"event\":\"message\",\"data\":\"\\\"ü\\n\"}");
        assertThat(run.err()).contains("fanfare: events are missing after 1-0 (expired)");
    }

    @Test
    void saysWhatTheNodeSaidWhenItRefuses() {
        Run run = tail("t");

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err().strip()).isEqualTo("fanfare: refused: 403 Refused: ask for less");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void makesWhatCouldSteerATerminalVisible() {
        String line = new EventLines.Text().event(Event.message("\u001b[2J\u0007ok\t\u009b"), "t");

        assertThat(line).isEqualTo("-  t  message  \\u001b[2J\\u0007ok\t\\u009b");
    }

    @Test
    void isWrongUsageWithoutASelector() {
        assertThat(Run.of("tail").code()).isEqualTo(2);
    }

    private Run tail(String... arguments) {
        return Run.of(Stream.concat(Stream.of("tail", "--url", node.url()), Stream.of(arguments))
                .toArray(String[]::new));
    }
}
