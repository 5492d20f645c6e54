package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP.md, Origins, and the Host rule of an open node: what pages of other sites may do. */
class OriginsTest {

    private static final String LOCAL = "http://localhost:5173";
    private static final String FOREIGN = "https://evil.example";

    private static TestNode node;
    private static TestNode listed;
    private static TestNode all;

    @BeforeAll
    static void start() {
        node = TestNode.start();
        listed = TestNode.with(bounds -> {
            bounds.origins = List.of("https://app.example");
            bounds.hostNames = List.of("fanfare.test");
        });
        all = TestNode.with(bounds -> bounds.origins = List.of("*"));
    }

    @AfterAll
    static void stop() {
        node.close();
        listed.close();
        all.close();
    }

    private static void assertAllowed(Answer answer, String origin) {
        assertThat(answer.header("Access-Control-Allow-Origin")).as("H7").isEqualTo(origin);
        assertThat(answer.header("Access-Control-Allow-Credentials")).isEqualTo("true");
        assertThat(answer.header("Vary")).contains("Origin");
        assertThat(answer.header("Access-Control-Expose-Headers").split(", ?"))
                .contains("Location", "Retry-After", "WWW-Authenticate", "Fanfare-Refused");
    }

    private static void assertNotAllowed(Answer answer) {
        assertThat(answer.names()).doesNotContain("access-control-allow-origin", "access-control-allow-credentials");
        assertThat(answer.header("Vary"))
                .as("the answer depends on it all the same")
                .contains("Origin");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://localhost:5173", "http://127.0.0.1:8080", "http://localhost", "http://127.0.0.1"})
    void pagesOfThisMachineMayReadANodeOfThisMachine(String origin) {
        assertAllowed(node.ask("HEAD", "/events?topic=a", "Origin: " + origin).has(200), origin);
        assertAllowed(node.get("/healthz", "Origin: " + origin).has(200), origin);
    }

    @Test
    void errorsSayItToo() {
        assertAllowed(node.get("/events", "Origin: " + LOCAL).isProblem(400), LOCAL);
        assertAllowed(node.get("/nowhere", "Origin: " + LOCAL).isProblem(404), LOCAL);
        assertAllowed(
                node.ask("PUT", "/events", "Origin: " + LOCAL, "Content-Length: 0")
                        .isProblem(405),
                LOCAL);
        assertAllowed(
                node.get("/events?topic=a", "Accept: text/html", "Origin: " + LOCAL)
                        .isProblem(406),
                LOCAL);
        assertAllowed(
                node.post("/topics/a", "x".repeat(2 << 20), "Origin: " + LOCAL).isProblem(413), LOCAL);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://evil.example",
                "https://localhost:5173",
                "http://localhost.evil.example",
                "http://localhost:80.evil.example",
                "http://localhost:5173@evil.example",
                "http://127.0.0.1.evil.example:80",
                "http://evil.example/http://localhost:1",
                "null"
            })
    void pagesOfOtherSitesMayNot(String origin) {
        assertNotAllowed(node.ask("HEAD", "/events?topic=a", "Origin: " + origin));
        node.post("/topics/a", "x", "Origin: " + origin).isProblem(403, "cors.origins");
        assertNotAllowed(node.ask("DELETE", "/topics/a", "Origin: " + origin).isProblem(403));
        node.ask("DELETE", "/streams/x", "Origin: " + origin).isProblem(403);
    }

    @Test
    void aForeignPageHasPublishedNothing() {
        node.post("/topics/untouched", "x", "Origin: " + FOREIGN);
        assertThat(node.page("topic=untouched&from=start").objects("events")).isEmpty();
    }

    @Test
    void aListReplacesTheDefault() {
        assertAllowed(listed.get("/healthz", "Origin: https://app.example"), "https://app.example");
        assertNotAllowed(listed.get("/healthz", "Origin: " + LOCAL));
        listed.post("/topics/a", "x", "Origin: https://app.example").has(201);
        listed.post("/topics/a", "x", "Origin: " + LOCAL).isProblem(403);
    }

    @Test
    void theNodesOwnOriginMayPublishUnlisted() {
        String host = "127.0.0.1:" + listed.port();
        listed.post("/topics/a", "x", "Host: " + host, "Origin: http://" + host).has(201);
        listed.post("/topics/a", "x", "Host: fanfare.test", "Origin: https://fanfare.test")
                .has(201);
    }

    @Test
    void aStarAllowsEveryoneWithoutCredentials() {
        Answer answer = all.get("/healthz", "Origin: " + FOREIGN);
        assertThat(answer.header("Access-Control-Allow-Origin")).isEqualTo("*");
        assertThat(answer.names()).doesNotContain("access-control-allow-credentials");
        all.post("/topics/a", "x", "Origin: " + FOREIGN).has(201);
    }

    @Test
    void whereAllOriginsAreAllowedAForeignPageCannotUseItsReadersCookie() {
        String cookie = "Cookie: fanfare_token=" + Credentials.publisher();
        String bearer = Credentials.bearer(Credentials.publisher());
        try (TestNode asking = TestNode.with(bounds -> {
            bounds.auth = Credentials.SETTINGS;
            bounds.origins = List.of("*");
        })) {
            asking.post("/topics/orders/1", "x", "Origin: " + FOREIGN, cookie).isProblem(401);
            asking.post("/topics/orders/1", "x", "Origin: null", cookie).isProblem(401);
            asking.post("/topics/orders/1", "x", "Origin: http://localhost", cookie)
                    .has(201);
            asking.post("/topics/orders/1", "x", cookie).has(201);
            asking.post("/topics/orders/1", "x", "Origin: " + FOREIGN, bearer).has(201);
        }
    }

    @Test
    void aRequestWithoutAnOriginHasNoSuchHeaders() {
        assertThat(node.get("/healthz").names()).doesNotContain("access-control-allow-origin");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/events?topic=a", "/topics/orders/42", "/stats"})
    void aPreflightSaysWhatIsAllowed(String path) {
        Answer answer = node.ask(
                        "OPTIONS",
                        path,
                        "Origin: " + LOCAL,
                        "Access-Control-Request-Method: GET",
                        "Access-Control-Request-Headers: last-event-id")
                .has(204);
        assertThat(answer.header("Access-Control-Allow-Origin")).as("H3, H7").isEqualTo(LOCAL);
        assertThat(answer.header("Access-Control-Allow-Credentials")).isEqualTo("true");
        assertThat(answer.header("Vary")).contains("Origin");
        assertThat(answer.header("Access-Control-Allow-Methods")).contains("GET");
        assertThat(answer.header("Access-Control-Allow-Headers").split(", ?"))
                .contains("Authorization", "Content-Type", "Last-Event-ID", "Cache-Control", "Idempotency-Key");
        assertThat(Integer.parseInt(answer.header("Access-Control-Max-Age"))).isPositive();
    }

    @Test
    void aPreflightForAPublishAllowsIt() {
        Answer answer = node.ask("OPTIONS", "/topics/a", "Origin: " + LOCAL, "Access-Control-Request-Method: POST");
        assertThat(answer.has(204).header("Access-Control-Allow-Methods")).contains("POST", "DELETE");
    }

    @Test
    void aForeignPreflightAllowsNothing() {
        assertNotAllowed(node.ask("OPTIONS", "/topics/a", "Origin: " + FOREIGN, "Access-Control-Request-Method: POST"));
    }

    @Test
    void optionsWithoutAnOriginNamesTheMethods() {
        Answer answer = node.ask("OPTIONS", "/events");
        assertThat(answer.status()).isIn(200, 204);
        assertThat(answer.header("Allow")).contains("GET");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "LocalHost",
                "localhost:7070",
                "127.0.0.1",
                "127.0.0.1:1",
                "192.168.1.7",
                "[::1]",
                "[::1]:7070"
            })
    void anOpenNodeAnswersToThisMachineAndToAddresses(String host) {
        node.get("/healthz", "Host: " + host).has(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "evil.example:7070",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "[evil]",
                "local",
                "a b",
                "1"
            })
    void anOpenNodeAnswersToNoOtherName(String host) {
        Answer refused = node.get("/events?topic=a", "Host: " + host);
        assertThat(refused.status()).isIn(400, 421);
        if (!host.contains(" ") && !host.contains("[")) {
            refused.isProblem(421, "host.names");
        }
        node.post("/topics/a", "x", "Host: " + host).isProblem(refused.status());
    }

    @Test
    void aNameThatIsListedIsAnsweredTo() {
        listed.get("/healthz", "Host: fanfare.test").has(200);
        listed.get("/healthz", "Host: Fanfare.Test:7070").has(200);
        listed.get("/healthz", "Host: other.test").isProblem(421);
    }

    @Test
    void anInsecureNodeAnswersToAnyName() {
        try (TestNode insecure = TestNode.with(bounds -> bounds.insecure = true)) {
            insecure.get("/healthz", "Host: anything.example").has(200);
        }
    }
}
