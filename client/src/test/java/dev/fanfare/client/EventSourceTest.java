package dev.fanfare.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fanfare.stream.Event;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a source makes of a server's answers. */
class EventSourceTest {

    private final Recorder recorder = new Recorder();
    private ScriptedServer server;
    private @Nullable EventSource source;

    @BeforeEach
    void start() throws IOException {
        server = new ScriptedServer();
    }

    @AfterEach
    void stop() throws IOException {
        if (source != null) {
            source.close();
        }
        server.close();
    }

    private EventSourceBuilder builder() {
        return EventSource.builder(server.uri("/events?topic=a")).reconnectionTime(Duration.ofMillis(1));
    }

    private EventSource open(EventSourceBuilder builder) {
        EventSource opened = builder.open(recorder);
        source = opened;
        return opened;
    }

    private static ScriptedServer.Script stream(String body) {
        return exchange -> exchange.send(ScriptedServer.STREAM + body).untilGone();
    }

    @Test
    void c1AsksByGetForAnEventStreamPastAllCachesWithoutALastEventId() {
        server.then(stream(""));

        open(builder());

        recorder.awaitCall("open");
        ScriptedServer.Request request = server.request(0);
        assertThat(request.method() + " " + request.target()).isEqualTo("GET /events?topic=a");
        assertThat(request.header("Accept")).isEqualTo("text/event-stream");
        assertThat(request.header("Cache-Control")).isEqualTo("no-cache");
        assertThat(request.header("Pragma")).isEqualTo("no-cache");
        assertThat(request.headers()).doesNotContainKeys("Last-Event-ID", "Upgrade");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/event-stream",
                "Text/Event-Stream",
                "text/event-stream;charset=utf-8",
                "text/event-stream; Charset=\"UTF-8\"",
                "text/event-stream; version=1"
            })
    void c2OpensA200OfThatMimeEssence(String type) {
        server.then(exchange -> exchange.send("HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\n\r\ndata: 1\n\n")
                .untilGone());

        open(builder());

        recorder.awaitCall("event null message 1 ");
        assertThat(recorder.calls.get(0)).isEqualTo("open");
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/html", "text/plain; charset=utf-8", "text/event-stream2", ""})
    void c3FailsForGoodOnA200OfAnotherType(String type) {
        server.then(exchange -> exchange.answer("200 OK", "Content-Type: " + type + "\r\n", "<p>Please log in"));

        open(builder());

        Problem problem = ((Ending.Refused) recorder.awaitEnding()).problem();
        assertThat(problem.status()).isEqualTo(200);
        assertThat(problem.detail()).contains(type);
        assertThat(problem.body()).isEqualTo("<p>Please log in");
        assertThat(recorder.calls).containsExactly("closed");
    }

    @Test
    void c14FailsForGoodOnAnotherCharset() {
        server.then(exchange ->
                exchange.answer("200 OK", "Content-Type: text/event-stream; charset=iso-8859-1\r\n", "data: 1\n\n"));

        open(builder());

        assertThat(((Ending.Refused) recorder.awaitEnding()).problem().detail()).contains("iso-8859-1");
        assertThat(recorder.calls).containsExactly("closed");
    }

    @Test
    void c10StopsAt204() {
        server.then(exchange -> exchange.send("HTTP/1.1 204 No Content\r\n\r\n"));

        EventSource opened = open(builder());

        assertThat(recorder.awaitEnding()).isEqualTo(new Ending.NoContent());
        assertThat(opened.ending().toCompletableFuture().join()).isEqualTo(new Ending.NoContent());
        assertThat(server.requests()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "400 Bad Request",
                "401 Unauthorized",
                "403 Forbidden",
                "404 Not Found",
                "409 Conflict",
                "201 Created",
                "304 Not Modified"
            })
    void c3FailsForGoodOnOtherStatusesAndTellsTheProblem(String status) {
        boolean empty = status.startsWith("304");
        server.then(
                exchange -> exchange.answer(
                        status,
                        "Content-Type: application/problem+json\r\n",
                        empty
                                ? ""
                                : "{\"status\":4,\"x\":[1,{\"title\":\"no\"}],\"title\":\"No \\u0022topic\\\"\",\"detail\":\"Add ?topic=\"}"));

        open(builder());

        Problem problem = ((Ending.Refused) recorder.awaitEnding()).problem();
        assertThat(problem.status()).isEqualTo(Integer.parseInt(status.substring(0, 3)));
        if (!empty) {
            assertThat(problem.title()).isEqualTo("No \"topic\"");
            assertThat(problem.detail()).isEqualTo("Add ?topic=");
        }
        assertThat(recorder.calls).containsExactly("closed");
    }

    @Test
    void c15KeepsNoMoreThan64KiBOfARefusal() {
        server.then(exchange -> exchange.answer("400 Bad Request", "", "x".repeat(1_000_000)));

        open(builder());

        assertThat(((Ending.Refused) recorder.awaitEnding()).problem().body()).hasSize(64 * 1024);
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 425, 429, 500, 502, 503, 504, 507})
    void c13AsksAgainAfterARefusalForNow(int status) {
        server.then(exchange -> exchange.answer(status + " X", "", "{\"title\":\"later\"}"))
                .then(stream("data: 1\n\n"));

        open(builder());

        recorder.awaitCall("event null message 1 ");
        assertThat(recorder.calls).containsExactly("retrying", "open", "event null message 1 ");
        assertThat(((RefusedException) recorder.causes.get(0)).problem().title())
                .isEqualTo("later");
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void c11FollowsRedirectsAndAsksTheFirstUriAgainAfterwards(int status) {
        server.then(exchange -> exchange.answer(status + " X", "Location: /there?x=1\r\n", "moved"))
                .then(exchange -> exchange.send(ScriptedServer.STREAM + "id: 7\ndata: 1\n\n")
                        .end())
                .then(stream("data: 2\n\n"));

        open(builder().header("Authorization", "Bearer t"));

        recorder.awaitCall("event null message 2 7");
        assertThat(server.request(1).target()).isEqualTo("/there?x=1");
        assertThat(server.request(1).header("Authorization")).isEqualTo("Bearer t");
        assertThat(server.request(2).target()).isEqualTo("/events?topic=a");
    }

    @Test
    void c11SendsNoHeaderOfTheUsersToAnotherOrigin() throws IOException {
        try (ScriptedServer other = new ScriptedServer()) {
            server.then(exchange -> exchange.answer("307 X", "Location: " + other.uri("/x") + "\r\n", ""));
            other.then(stream(""));

            open(builder().header("Authorization", "Bearer t").headers(() -> Map.of("X-Key", "k")));

            recorder.awaitCall("open");
            assertThat(server.request(0).headers()).containsKeys("Authorization", "X-Key");
            assertThat(other.request(0).headers()).doesNotContainKeys("Authorization", "X-Key");
            assertThat(other.request(0).header("Accept")).isEqualTo("text/event-stream");
        }
    }

    @Test
    void c11GivesUpACircleOfRedirectsForNow() {
        server.then(exchange -> exchange.answer("302 X", "Location: /round\r\n", ""));

        open(builder().reconnectionTime(Duration.ofMinutes(1)));

        recorder.awaitCall("retrying");
        assertThat(recorder.causes.get(0)).hasMessageContaining("20 redirects");
        assertThat(server.requests()).hasSize(21);
    }

    @Test
    void aStreamWithFanfareRefusedIsNoSuccessButItsRetryCounts() {
        String head = ScriptedServer.STREAM.replace("\r\n\r\n", "\r\nFanfare-Refused: overload\r\n\r\n");
        server.then(
                exchange -> exchange.send(head + ": overload\nretry: 70000\n\n").end());

        open(builder().timing(Duration.ZERO, () -> 0));

        recorder.awaitCall("retrying");
        assertThat(recorder.calls).containsExactly("retrying");
        assertThat(recorder.delays.get(0)).isEqualTo(Duration.ofSeconds(70));
        assertThat(recorder.causes.get(0)).isInstanceOf(RefusedException.class).hasMessageContaining("overload");
    }

    @Test
    void tellsAGapApartFromEvents() {
        String gap = "{\"after\":\"1-0\",\"resumedAt\":\"5-2\",\"topics\":[\"a\"],\"reason\":\"expired\"}";
        server.then(stream(
                "event: fanfare-gap\ndata: " + gap + "\nid: 5-2\n\nevent: x\ntopic: orders/1\ndata: 1\nid: 6-0\n\n"));

        open(builder());

        recorder.awaitCall("event orders/1 x 1 6-0");
        assertThat(recorder.gaps).containsExactly(new Gap("1-0", "5-2", "expired", gap));
        assertThat(recorder.calls).containsExactly("open", "gap", "event orders/1 x 1 6-0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "event: fanfare-open\ndata: {}\nid: 9-1\n\n",
                "event: fanfare-heartbeat\ndata\nid: 9-1\n\n",
                "id: 9-1\n\n"
            })
    void p10TheNodesOwnEventsAndBlocksWithoutDataOnlyMoveTheId(String block) {
        server.then(exchange -> exchange.send(ScriptedServer.STREAM + block).end())
                .then(stream("data: 1\n\n"));

        open(builder());

        recorder.awaitCall("event null message 1 9-1");
        assertThat(recorder.calls).containsExactly("open", "retrying", "open", "event null message 1 9-1");
        assertThat(server.request(1).header("Last-Event-ID")).isEqualTo("9-1");
    }

    @Test
    void endsForGoodAfterFanfareEnd() {
        server.then(stream("data: 1\n\nevent: fanfare-end\ndata: {\"reason\":\"done\"}\nid: 3-0\n\ndata: late\n\n"));

        open(builder());

        assertThat(recorder.awaitEnding())
                .isEqualTo(new Ending.Done(new Event("fanfare-end", "{\"reason\":\"done\"}", "3-0", Event.NO_RETRY)));
        assertThat(recorder.calls).containsExactly("open", "event null message 1 ", "closed");
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void c9StartsFromTheIdItIsGiven() {
        server.then(stream(""));

        open(builder().lastEventId("12-3"));

        recorder.awaitCall("open");
        assertThat(server.request(0).header("Last-Event-ID")).isEqualTo("12-3");
    }

    @Test
    void c9SendsAnIdThatNoHeaderCanCarryAsAParameter() {
        server.then(exchange -> exchange.send(ScriptedServer.STREAM + "id: é…\ndata: 1\n\n")
                        .end())
                .then(stream(""));

        open(builder());

        await().until(() -> server.requests().size() == 2);
        assertThat(server.request(1).target()).isEqualTo("/events?topic=a&lastEventId=%C3%A9%E2%80%A6");
        assertThat(server.request(1).headers()).doesNotContainKey("Last-Event-ID");
    }

    @Test
    void asksForHeadersAtEveryConnectionAndTriesAgainWhenThatFails() {
        AtomicInteger tokens = new AtomicInteger();
        server.then(exchange -> exchange.send(ScriptedServer.STREAM).end()).then(stream("data: 1\n\n"));

        open(builder().headers(() -> {
            if (tokens.incrementAndGet() == 2) {
                throw new IllegalStateException("no token");
            }
            return Map.of("Authorization", "Bearer " + tokens.get());
        }));

        recorder.awaitCall("event null message 1 ");
        assertThat(server.requests())
                .extracting(r -> r.header("Authorization"))
                .containsExactly("Bearer 1", "Bearer 3");
        assertThat(recorder.causes.get(1)).hasMessage("no token");
    }

    @Test
    void aListenerThatThrowsIsReportedAndMissesNothing() {
        server.then(stream("data: 1\n\ndata: 2\n\n"));
        List<Throwable> reports = new CopyOnWriteArrayList<>();
        Logger log = Logger.getLogger(EventSource.class.getName());
        log.setFilter(report -> !reports.add(report.getThrown()));

        source = builder().open((event, topic) -> {
            recorder.event(event, topic);
            throw new AssertionError("at " + event.data());
        });

        recorder.awaitCall("event null message 2 ");
        await().until(() -> reports.size() == 2);
        log.setFilter(null);
        assertThat(recorder.data()).containsExactly("1", "2");
        assertThat(reports).extracting(Throwable::getMessage).containsExactly("at 1", "at 2");
    }

    @Test
    void c15EndsForGoodAtAnEventAboveTheBound() {
        server.then(stream("data: 1\n\ndata: " + "x".repeat(2000)));

        open(builder().maxBuffer(1000));

        assertThat(recorder.awaitEnding()).isInstanceOf(Ending.Failed.class);
        assertThat(recorder.data()).containsExactly("1");
    }

    @Test
    void subscribesToTopicsOfANodeWithTheirNames() {
        server.then(stream("topic: orders/42\ndata: 1\n\n"));

        source = EventSource.subscribe(server.uri("/hub/"), "orders/*", "a b&c").open(recorder);

        recorder.awaitCall("event orders/42 message 1 ");
        assertThat(server.request(0).target()).isEqualTo("/hub/events?topic=orders%2F%2A&topic=a%20b%26c&with=topic");
    }

    @Test
    void refusesSettingsThatCannotWork() {
        assertThatThrownBy(() -> EventSource.builder(URI.create("ftp://x/"))).hasMessageContaining("ftp://x/");
        assertThatThrownBy(() -> EventSource.builder(URI.create("/events"))).hasMessageContaining("expected: http");
        assertThatThrownBy(() -> EventSource.subscribe(server.uri("/"))).hasMessageContaining("at least one");
        assertThatThrownBy(() -> builder().header("Connection", "close")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder().maxBackoff(Duration.ZERO)).hasMessageContaining("maxBackoff: PT0S");
        assertThatThrownBy(() -> builder().maxBuffer(0)).hasMessageContaining("maxBuffer: 0");
        assertThatThrownBy(() -> builder().lastEventId("a\nb").open(recorder))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
