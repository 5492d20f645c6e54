package dev.fanfare.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fanfare.stream.Event;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a publisher asks of a node, and what it does with the answers. */
class PublisherTest {

    private ScriptedServer server;
    private @Nullable Publisher publisher;

    @BeforeEach
    void start() throws IOException {
        server = new ScriptedServer();
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        if (publisher != null) {
            publisher.close();
        }
    }

    private PublisherBuilder builder() {
        return Publisher.to(server.uri("/"))
                .retryTime(Duration.ofMillis(1))
                .deadline(Duration.ofSeconds(20))
                .closeTimeout(Duration.ZERO);
    }

    private Publisher open(PublisherBuilder builder) {
        Publisher opened = builder.open();
        publisher = opened;
        return opened;
    }

    private static ScriptedServer.Script created(String id) {
        return exchange -> exchange.answer("201 Created", "", "{\"id\":\"" + id + "\"}");
    }

    private static ScriptedServer.Script refusal(String status, String headers) {
        return exchange -> exchange.answer(status, headers, "{\"title\":\"No\",\"detail\":\"Because\"}");
    }

    private static String id(CompletionStage<String> stage) {
        return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    }

    private static Throwable failure(CompletionStage<String> stage) {
        CompletableFuture<String> future = stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS);
        try {
            throw new AssertionError("published as " + future.join());
        } catch (CompletionException e) {
            Throwable cause = e.getCause();
            return cause == null ? e : cause;
        } catch (RuntimeException e) {
            return e;
        }
    }

    private static List<String> bodies(ScriptedServer server) {
        return server.requests().stream().map(ScriptedServer.Request::body).toList();
    }

    @Test
    void postsTheDataAndAnswersTheId() {
        server.then(created("17-0"));

        String id = id(open(builder().header("X-A", "1").headers(() -> Map.of("Authorization", "Bearer t")))
                .publish("orders/4 2/ü&@", new Event("shipped now", "zwölf\nlines", "my-id", 700)));

        assertThat(id).isEqualTo("17-0");
        ScriptedServer.Request request = server.request(0);
        assertThat(request.method()).isEqualTo("POST");
        assertThat(request.target())
                .isEqualTo("/topics/orders/4%202/%C3%BC%26%40?event=shipped%20now&id=my-id&retry=700");
        assertThat(request.body()).isEqualTo("zwölf\nlines");
        assertThat(request.header("Content-Type")).isEqualTo("text/plain; charset=utf-8");
        assertThat(request.header("Authorization")).isEqualTo("Bearer t");
        assertThat(request.header("X-A")).isEqualTo("1");
        assertThat(request.header("Idempotency-Key")).isNotBlank();
        assertThat(request.headers()).doesNotContainKey("Upgrade");
    }

    @Test
    void leavesOutWhatAnEventDoesNotHave() {
        server.then(created("1-0"));

        id(open(builder()).publish("a", Event.message("x")));

        assertThat(server.request(0).target()).isEqualTo("/topics/a");
    }

    @Test
    void publishesObjectsThroughTheJsonInterface() {
        server.then(created("1-0"));

        id(open(builder().json(value -> "[\"" + value + "\"]")).publish("a", "t", 7));

        assertThat(server.request(0).body()).isEqualTo("[\"7\"]");
        assertThat(server.request(0).target()).isEqualTo("/topics/a?event=t");
        try (Publisher without = builder().open()) {
            assertThatThrownBy(() -> without.publish("a", "t", 7))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("json(...)");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 429, 502, 503, 504})
    void asksAgainUnderTheSameKey(int status) {
        server.then(refusal(status + " X", "")).then(refusal(status + " X", "")).then(created("5-0"));

        String id = id(open(builder()).publish("a", Event.message("x")));

        assertThat(id).isEqualTo("5-0");
        assertThat(bodies(server)).containsExactly("x", "x", "x");
        assertThat(new HashSet<>(server.requests().stream()
                        .map(r -> r.header("Idempotency-Key"))
                        .toList()))
                .hasSize(1);
    }

    @Test
    void asksAgainUnderTheSameKeyWhenTheAnswerIsLost() {
        server.then(ScriptedServer.Exchange::reset)
                .then(ScriptedServer.Exchange::breakOff)
                .then(exchange -> exchange.send("HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"id\":")
                        .end())
                .then(created("5-0"))
                .then(created("6-0"));
        Publisher opened = open(builder());

        assertThat(id(opened.publish("a", Event.message("x")))).isEqualTo("5-0");
        assertThat(id(opened.publish("a", Event.message("x")))).isEqualTo("6-0");

        List<@Nullable String> keys =
                server.requests().stream().map(r -> r.header("Idempotency-Key")).toList();
        assertThat(keys).hasSize(5);
        assertThat(new HashSet<>(keys.subList(0, 4))).hasSize(1);
        assertThat(keys.get(4)).as("the key of another publish").isNotEqualTo(keys.get(0));
    }

    @Test
    void asksAgainWhenANodeDoesNotAnswerInTime() {
        server.then(ScriptedServer.Exchange::untilGone).then(created("5-0"));

        String id = id(open(builder().requestTimeout(Duration.ofMillis(200))).publish("a", Event.message("x")));

        assertThat(id).isEqualTo("5-0");
    }

    @Test
    void asksAgainWhenTheSupplierOfHeadersFails() {
        server.then(created("5-0"));
        AtomicInteger asked = new AtomicInteger();

        String id = id(open(builder().headers(() -> {
                    if (asked.incrementAndGet() == 1) {
                        throw new IllegalStateException("no token");
                    }
                    return Map.of();
                }))
                .publish("a", Event.message("x")));

        assertThat(id).isEqualTo("5-0");
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void waitsAsLongAsRetryAfterSays() {
        server.then(refusal("503 X", "Retry-After: 1\r\n")).then(created("5-0"));

        id(open(builder()).publish("a", Event.message("x")));

        long waited = server.request(1).nanoTime() - server.request(0).nanoTime();
        assertThat(Duration.ofNanos(waited)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void failsWhenTheDeadlineComesBeforeTheNextAttempt() {
        server.then(refusal("503 X", "Retry-After: 60\r\n"));

        Throwable failure = failure(open(builder()).publish("a", Event.message("x")));

        assertThat(failure).isInstanceOf(TimeoutException.class).hasMessageContaining("1 attempts");
        assertThat(failure).hasCauseInstanceOf(RefusedException.class);
    }

    @Test
    void failsWhenNoNodeCameBackByTheDeadline() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }

        Throwable failure = failure(open(Publisher.to(URI.create("http://127.0.0.1:" + port))
                        .deadline(Duration.ofMillis(300))
                        .retryTime(Duration.ofMillis(10)))
                .publish("a", Event.message("x")));

        assertThat(failure).isInstanceOf(TimeoutException.class).hasCauseInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"400 X", "401 X", "403 X", "409 X", "413 X", "500 X", "507 X", "307 X"})
    void failsAtOnceOnAnyOtherRefusalWithItsProblem(String status) {
        server.then(refusal(status, "Location: /elsewhere\r\n"));

        Throwable failure = failure(open(builder()).publish("a", Event.message("x")));

        Problem problem = ((RefusedException) failure).problem();
        assertThat(problem.status()).isEqualTo(Integer.parseInt(status.substring(0, 3)));
        assertThat(problem.title()).isEqualTo("No");
        assertThat(problem.detail()).isEqualTo("Because");
        assertThat(problem.body()).startsWith("{");
        assertThat(failure).hasMessage(problem.status() + " No: Because");
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void failsOnAnAnswerThatIsNoNodes() {
        server.then(exchange -> exchange.answer("200 OK", "", "<p>Please log in"));

        assertThat(failure(open(builder()).publish("a", Event.message("x")))).hasMessageContaining("Please log in");
    }

    @Test
    void keepsTheOrderOfATopicOverRetriesAndRefusals() {
        AtomicInteger served = new AtomicInteger();
        server.then(exchange -> {
            int number = served.incrementAndGet();
            if (exchange.request().body().equals("13")) {
                refusal("400 X", "").run(exchange);
            } else if (number % 3 == 0) {
                refusal("503 X", "").run(exchange);
            } else if (number % 7 == 0) {
                exchange.reset();
            } else {
                created(exchange.request().body() + "-0").run(exchange);
            }
        });
        Publisher opened = open(builder());

        List<CompletionStage<String>> stages = IntStream.range(0, 100)
                .mapToObj(n -> opened.publish("a", Event.message(String.valueOf(n))))
                .toList();

        assertThat(failure(stages.get(13))).isInstanceOf(RefusedException.class);
        for (int n = 0; n < 100; n++) {
            if (n != 13) {
                assertThat(id(stages.get(n))).isEqualTo(n + "-0");
            }
        }
        assertThat(bodies(server).stream().distinct().map(Integer::valueOf))
                .isSorted()
                .hasSize(100);
        assertThat(bodies(server).stream().map(Integer::valueOf))
                .as("no request after its successor's")
                .isSorted();
    }

    @Test
    void asksForSeveralTopicsAtOnceButForEachOneAfterAnother() {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        server.then(exchange -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            await().atMost(Duration.ofMillis(50))
                    .pollDelay(Duration.ofMillis(5))
                    .until(() -> true);
            now.decrementAndGet();
            created("1-0").run(exchange);
        });
        Publisher opened = open(builder().maxInFlight(4));

        List<CompletionStage<String>> stages = IntStream.range(0, 60)
                .mapToObj(n -> opened.publish("t" + n % 10, Event.message(String.valueOf(n))))
                .toList();
        stages.forEach(PublisherTest::id);

        assertThat(most.get()).as("requests at a time").isBetween(2, 4);
        for (int topic = 0; topic < 10; topic++) {
            String path = "/topics/t" + topic;
            assertThat(server.requests().stream()
                            .filter(r -> r.target().equals(path))
                            .map(r -> Integer.valueOf(r.body())))
                    .hasSize(6)
                    .isSorted();
        }
    }
}
