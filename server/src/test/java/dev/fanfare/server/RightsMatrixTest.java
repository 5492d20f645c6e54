package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP.md, Who may do what: every route by every kind of credential. */
class RightsMatrixTest {

    private static final List<String> KINDS = List.of(
            "nothing", "reader", "cookie", "publisher", "key", "admin", "ticket", "bad token", "bad key", "basic");

    /** A route, and what each kind of credential gets there, in the order of KINDS. */
    private static final Map<String, List<Integer>> EXPECTED = new LinkedHashMap<>();

    static {
        expect("GET /", 200, 200, 200, 200, 200, 200, 200, 200, 200, 200);
        expect("GET /healthz", 200, 200, 200, 200, 200, 200, 200, 200, 200, 200);
        expect("GET /readyz", 200, 200, 200, 200, 200, 200, 200, 200, 200, 200);
        expect("GET /events?topic=public/news", 200, 403, 403, 403, 403, 200, 403, 401, 401, 401);
        expect("GET /events?topic=orders/1", 401, 200, 200, 403, 200, 200, 200, 401, 401, 401);
        expect("GET /topics/orders/1", 401, 200, 200, 403, 200, 200, 200, 401, 401, 401);
        expect("HEAD /events?topic=orders/1", 401, 200, 200, 403, 200, 200, 200, 401, 401, 401);
        expect("GET /events?topic=orders/1&topic=secret", 401, 403, 403, 403, 403, 200, 403, 401, 401, 401);
        expect("GET /events?topic=orders/*", 401, 200, 200, 403, 200, 200, 200, 401, 401, 401);
        expect("GET /events?topic=orders/**", 401, 403, 403, 403, 200, 200, 403, 401, 401, 401);
        expect("GET /events?topic=**", 401, 403, 403, 403, 403, 200, 403, 401, 401, 401);
        expect("GET /events?topic=@me", 401, 200, 200, 200, 400, 400, 200, 401, 401, 401);
        expect("GET /events?topic=users/alice/x", 401, 200, 200, 403, 403, 200, 200, 401, 401, 401);
        expect("GET /events?topic=users/bob", 401, 403, 403, 200, 403, 200, 403, 401, 401, 401);
        expect("POST /topics/orders/1", 401, 403, 403, 201, 201, 201, 403, 401, 401, 401);
        expect("POST /topics/orders/1?also=secret", 401, 403, 403, 403, 403, 201, 403, 401, 401, 401);
        expect("POST /topics/secret", 401, 403, 403, 403, 403, 201, 403, 401, 401, 401);
        expect("POST /topics/@all", 401, 403, 403, 403, 403, 201, 403, 401, 401, 401);
        expect("POST /topics/secret?end", 401, 403, 403, 403, 403, 201, 403, 401, 401, 401);
        expect("POST /tickets", 401, 200, 200, 200, 400, 200, 403, 401, 401, 401);
        expect("DELETE /topics/orders/1", 401, 403, 403, 403, 403, 204, 403, 401, 401, 401);
        expect("DELETE /streams/none", 401, 403, 403, 403, 403, 404, 403, 401, 401, 401);
        expect("DELETE /users/nobody/streams", 401, 403, 403, 403, 403, 200, 403, 401, 401, 401);
        expect("DELETE /users/nobody/streams?revoke", 401, 403, 403, 403, 403, 200, 403, 401, 401, 401);
        for (String path : List.of("/topics", "/streams", "/stats", "/metrics")) {
            expect("GET " + path, 401, 403, 403, 403, 403, 200, 403, 401, 401, 401);
        }
        expect("OPTIONS /events", 204, 204, 204, 204, 204, 204, 204, 204, 204, 204);
        expect("GET /nothing", 404, 404, 404, 404, 404, 404, 404, 404, 404, 404);
    }

    private static final Duration TTL = Duration.ofMinutes(5);

    private static TestNode node;

    private static void expect(String route, Integer... statuses) {
        EXPECTED.put(route, List.of(statuses));
    }

    @BeforeAll
    static void start() {
        node = TestNode.with(bounds -> bounds.auth = Credentials.SETTINGS);
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    static Stream<String> routes() {
        return EXPECTED.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("routes")
    void everyKindOfCredentialGetsWhatItMay(String route) {
        String method = route.substring(0, route.indexOf(' '));
        Map<String, Integer> expected = new LinkedHashMap<>();
        Map<String, Integer> found = new LinkedHashMap<>();
        for (String kind : KINDS) {
            String target = route.substring(route.indexOf(' ') + 1);
            if (kind.equals("ticket")) {
                target += (target.contains("?") ? "&" : "?") + "ticket=" + ticket();
            }
            expected.put(kind, EXPECTED.getOrDefault(route, List.of()).get(KINDS.indexOf(kind)));
            Answer answer = ask(method, target, kind);
            found.put(kind, answer.status());
            if (answer.status() == 401 || answer.status() == 403) {
                assertThat(answer.header("WWW-Authenticate")).as("for " + kind).startsWith("Bearer");
                assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
            }
        }
        assertThat(found).isEqualTo(expected);
    }

    private static Answer ask(String method, String target, String kind) {
        try (Wire wire = node.connect()) {
            String[] headers = headers(kind);
            if (method.equals("POST")) {
                return wire.post(target, target.startsWith("/tickets") || target.contains("end") ? "" : "x", headers)
                        .answer();
            }
            wire.send(Wire.request(method, target, headers));
            return method.equals("GET") && (target.startsWith("/events") || target.startsWith("/topics/"))
                    ? wire.head()
                    : method.equals("HEAD") ? wire.head() : wire.answer();
        }
    }

    private static String[] headers(String kind) {
        return switch (kind) {
            case "reader" -> new String[] {Credentials.bearer(Credentials.reader())};
            case "cookie" -> new String[] {"Cookie: a=b; fanfare_token=" + Credentials.reader() + "; c=d"};
            case "publisher" -> new String[] {Credentials.bearer(Credentials.publisher())};
            case "key" -> new String[] {Credentials.bearer(Credentials.API_KEY)};
            case "admin" -> new String[] {Credentials.ADMIN};
            case "bad token" -> new String[] {Credentials.bearer(Credentials.reader() + "x")};
            case "bad key" -> new String[] {Credentials.bearer("no-such-key")};
            case "basic" -> new String[] {"Authorization: Basic YTpi"};
            default -> new String[0];
        };
    }

    private static String ticket() {
        return node.post("/tickets", "", Credentials.bearer(Credentials.reader()))
                .has(200)
                .string("ticket");
    }

    @ParameterizedTest
    @MethodSource("routes")
    void onAnOpenNodeNobodyIsAskedForACredential(String route) {
        try (TestNode open = TestNode.start()) {
            String method = route.substring(0, route.indexOf(' '));
            String target = route.substring(route.indexOf(' ') + 1);
            if (method.equals("GET") && !target.contains("@me")) {
                try (Wire wire = open.connect()) {
                    wire.send(Wire.request(method, target, Credentials.bearer("whatever")));
                    assertThat(wire.head().status()).isIn(200, 404);
                }
            }
        }
    }

    @Test
    void ofAStreamOfEventsThoseBeforeTheOneThatIsNotAllowedArePublished() {
        String lines =
                "{\"topic\":\"orders/1\",\"data\":1}\n{\"topic\":\"secret\",\"data\":2}\n{\"topic\":\"orders/1\",\"data\":3}\n";
        Answer answer = node.post(
                "/events", lines, Credentials.bearer(Credentials.publisher()), "Content-Type: application/x-ndjson");
        answer.isProblem(403, "line 2", "secret");
        assertThat(answer.field("published")).isEqualTo(1L);
    }

    @Test
    void aDocumentWithOneEventThatIsNotAllowedPublishesNothing() {
        String document = "[{\"topic\":\"orders/9\",\"data\":1},{\"topic\":\"secret\",\"data\":2}]";
        node.post("/events", document, Credentials.bearer(Credentials.publisher()), "Content-Type: application/json")
                .isProblem(403, "event 2", "secret");
        assertThat(node.page("topic=orders/9&from=start", Credentials.ADMIN).objects("events"))
                .isEmpty();
    }

    @Test
    void whoMayPublishNothingIsNotAskedForABody() {
        String[][] callers = {{}, {Credentials.bearer(Credentials.reader())}};
        for (String[] credential : callers) {
            for (String target : List.of("/topics/orders/1", "/events")) {
                List<String> headers = new ArrayList<>(List.of(credential));
                headers.addAll(List.of("Content-Type: application/json", "Content-Length: 16000000"));
                headers.add("Expect: 100-continue");
                try (Wire wire = node.connect()) {
                    wire.send(Wire.request("POST", target, headers.toArray(String[]::new)));
                    assertThat(wire.answer().status()).isEqualTo(credential.length == 0 ? 401 : 403);
                }
            }
        }
    }

    @Test
    void aLineForATopicOfOnesOwnIsRefusedToWhoNamesNoUser() {
        node.post(
                        "/events",
                        "{\"topic\":\"@me\",\"data\":1}\n",
                        Credentials.bearer(Credentials.API_KEY),
                        "Content-Type: application/x-ndjson")
                .isProblem(400, "line 1", "@me");
    }

    @ParameterizedTest
    @ValueSource(strings = {"fanfare_token=", "fanfare_token=\"a b,c", "a=b;fanfare_token=%;c=d"})
    void aBrokenCookieIsABadCredentialAndNotNone(String cookie) {
        node.get("/events?topic=public/news", "Cookie: " + cookie).isProblem(401);
    }

    @Test
    void aTicketInAQueryThatCannotBeReadIsRefused() {
        node.get("/events?topic=public/news&ticket=%zz").isProblem(400, "%");
    }

    @Test
    void aTicketForMoreThanFitsIntoOneIsRefused() {
        List<String> many =
                IntStream.range(0, 350).mapToObj(i -> "orders/" + (i + 10_000)).toList();
        node.post("/tickets", "", Credentials.bearer(Credentials.token("alice", many, List.of(), false, TTL)))
                .isProblem(400, "4096");
    }

    @Test
    void nobodyWithTooLongANameIsRevoked() {
        node.ask("DELETE", "/users/" + "a".repeat(300) + "/streams?revoke", Credentials.ADMIN)
                .isProblem(400, "250");
    }

    @Test
    void anExpiredTokenIsRefusedAndNothingOfItIsRepeated() {
        String expired = Credentials.token("alice", List.of("**"), List.of(), false, Duration.ofSeconds(-10));
        Answer answer = node.get("/events?topic=a", Credentials.bearer(expired));
        answer.isProblem(401);
        assertThat(answer.text()).doesNotContain(expired.substring(10, 30));
        assertThat(answer.header("WWW-Authenticate"))
                .contains("invalid_token")
                .doesNotContain(expired.substring(10, 30));
    }

    @Test
    void onlyTheAdminPortHasWhatIsTheOperators() {
        try (TestNode two = TestNode.with(bounds -> {
            bounds.auth = Credentials.SETTINGS;
            bounds.adminPort = 0;
        })) {
            for (String path : List.of("/stats", "/streams", "/topics", "/metrics")) {
                two.get(path, Credentials.ADMIN).isProblem(404, "admin");
                two.askAdmin("GET", path, Credentials.ADMIN).has(200);
                two.askAdmin("GET", path).isProblem(401);
            }
            two.ask("DELETE", "/topics/a", Credentials.ADMIN).isProblem(404, "admin");
            two.askAdmin("DELETE", "/topics/a", Credentials.ADMIN).has(204);
            two.askAdmin("GET", "/events?topic=public/a").isProblem(404, "port");
            two.askAdmin("GET", "/healthz").has(200);
            two.get("/healthz").has(200);
        }
    }
}
