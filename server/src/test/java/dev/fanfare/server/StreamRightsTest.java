package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.MemoryLog;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** HTTP.md, Who may do what: a stream lasts no longer than the right to it. */
class StreamRightsTest {

    private static final Duration LONG = Duration.ofMinutes(5);

    private TestNode node;

    @BeforeEach
    void start() {
        node = TestNode.with(bounds -> bounds.auth = Credentials.SETTINGS);
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private String publish(String topic, String data) {
        return node.post("/topics/" + topic, data, Credentials.ADMIN).has(201).string("id");
    }

    private static String token(Duration ttl) {
        return Credentials.token("alice", List.of("orders/*"), List.of(), false, ttl);
    }

    private String ticket(String credential) {
        return node.post("/tickets", "", Credentials.bearer(credential))
                .has(200)
                .string("ticket");
    }

    private Subscriber listen(String query, String... headers) {
        return node.listen("topic=orders/1&" + query, headers);
    }

    @Test
    void aStreamEndsWithItsTokenAndAnotherTokenGoesOnWithoutLoss() {
        Subscriber first = listen("", Credentials.bearer(token(Duration.ofSeconds(2))));
        String seen = publish("orders/1", "before");
        assertThat(first.next().data()).isEqualTo("before");
        assertThat(first.rest()).as("what comes with the end").last().asString().startsWith("retry: ");
        publish("orders/1", "between");
        Subscriber second = listen("", Credentials.bearer(token(Duration.ofMinutes(1))), "Last-Event-ID: " + seen);
        publish("orders/1", "after");
        assertThat(second.data(2)).containsExactly("between", "after");
        second.close();
    }

    @Test
    void aTicketOpensItsStreamAgainAndAgainUntilTheTokenEnds() {
        String ticket = ticket(token(Duration.ofSeconds(3)));
        String seen = "";
        for (int round = 0; round < 3; round++) {
            try (Subscriber stream =
                    listen("ticket=" + ticket, seen.isEmpty() ? "X-First: yes" : "Last-Event-ID: " + seen)) {
                seen = publish("orders/1", "round " + round);
                assertThat(stream.next().data()).isEqualTo("round " + round);
            }
        }
        Subscriber last = listen("ticket=" + ticket, "Last-Event-ID: " + seen);
        last.rest();
        node.get("/events?topic=orders/1&ticket=" + ticket).isProblem(401, "ticket");
    }

    @Test
    void aNewStreamOnATicketEndsTheOldOne() {
        String ticket = ticket(Credentials.reader());
        Subscriber old = listen("ticket=" + ticket);
        Subscriber other = listen("ticket=" + ticket);
        old.rest();
        publish("orders/1", "x");
        assertThat(other.next().data()).isEqualTo("x");
        other.close();
    }

    @Test
    void anApiKeyMakesATicketForAnyUserWithinItsOwnRights() {
        String key = Credentials.bearer(Credentials.API_KEY);
        Answer answer = node.post("/tickets", "{\"sub\":\"carol\",\"subscribe\":[\"orders/1\"],\"ttl\":\"30m\"}", key)
                .has(200);
        assertThat(Instant.parse(answer.string("expires")))
                .isAfter(Instant.now().plusSeconds(1_700));
        try (Subscriber stream = node.listen("topic=@me/inbox&topic=orders/1&ticket=" + answer.string("ticket"))) {
            publish("users/carol/inbox", "yours");
            assertThat(stream.next().data()).isEqualTo("yours");
        }
        node.post("/tickets", "{\"sub\":\"carol\",\"subscribe\":[\"secret\"]}", key)
                .isProblem(403, "secret");
        node.post("/tickets", "{\"sub\":\"carol\",\"ttl\":\"48h\"}", key).isProblem(400, "ttl");
        node.post("/tickets", "{\"user\":\"carol\"}", key).isProblem(400);
        node.post("/tickets", "[]", key).isProblem(400, "object");
    }

    @Test
    void aTicketDoesNothingElse() {
        String ticket = ticket(Credentials.reader());
        node.post("/topics/orders/1?ticket=" + ticket, "x").isProblem(403, "ticket");
        node.post("/tickets?ticket=" + ticket, "").isProblem(403);
        node.get("/stats?ticket=" + ticket).isProblem(403);
        node.get("/events?topic=orders/1&ticket=" + ticket + "x").isProblem(401);
    }

    @Test
    void revocationEndsAUsersStreamsAtOnceAndRefusesWhatHeWasGiven() {
        String token = Credentials.reader();
        String ticket = ticket(token);
        Subscriber byToken = listen("", Credentials.bearer(token));
        Subscriber byTicket = listen("ticket=" + ticket);
        Subscriber another = listen("", Credentials.ADMIN);
        assertThat(node.ask("DELETE", "/users/alice/streams?revoke", Credentials.ADMIN)
                        .has(200)
                        .field("closed"))
                .isEqualTo(2L);
        byToken.rest();
        byTicket.rest();
        node.get("/events?topic=orders/1", Credentials.bearer(token)).isProblem(401, "revoked");
        node.get("/events?topic=orders/1&ticket=" + ticket).isProblem(401, "revoked");
        publish("orders/1", "x");
        assertThat(another.next().data()).isEqualTo("x");
        another.close();
    }

    @Test
    void aUsersStreamsAreListedAndClosedByName() {
        Subscriber mine = listen("", Credentials.bearer(Credentials.reader()));
        Subscriber admins = listen("", Credentials.ADMIN);
        Answer list = node.get("/streams?user=alice", Credentials.ADMIN).has(200);
        assertThat(list.objects("streams"))
                .singleElement()
                .satisfies(stream -> assertThat(stream).containsEntry("user", "alice"));
        assertThat(node.ask("DELETE", "/users/alice/streams", Credentials.ADMIN)
                        .has(200)
                        .field("closed"))
                .isEqualTo(1L);
        mine.rest();
        publish("orders/1", "x");
        assertThat(admins.next().data()).isEqualTo("x");
        admins.close();
        listen("", Credentials.bearer(Credentials.reader())).close(); // his token is good yet
    }

    private static String publisher(String user, Duration ttl) {
        return Credentials.token(user, List.of(), List.of("orders/*"), false, ttl);
    }

    private Wire publishing(String target, String token, String... headers) {
        String[] all = Arrays.copyOf(headers, headers.length + 3);
        all[headers.length] = Credentials.bearer(token);
        all[headers.length + 1] = "Transfer-Encoding: chunked";
        all[headers.length + 2] = "Content-Type: application/x-ndjson";
        Wire wire = node.connect().send(Wire.request("POST", target, all));
        wire.send("b\r\n{\"data\":1}\n\r\n");
        return wire;
    }

    @Test
    void aStreamingPublishEndsWithItsTokenAndIsNotAcceptedAfterARevocation() {
        try (Subscriber reader = listen("", Credentials.ADMIN);
                Wire revoked = publishing("/topics/orders/1", publisher("bob", Duration.ofMinutes(5)))) {
            assertThat(reader.next().data()).isEqualTo("1");
            node.ask("DELETE", "/users/bob/streams?revoke", Credentials.ADMIN).has(200);
            Answer answer = revoked.send("b\r\n{\"data\":2}\n\r\n").answer();
            answer.isProblem(401, "revoked");
            assertThat(answer.field("published")).isEqualTo(1L);
            try (Wire ended = publishing("/topics/orders/1", publisher("carol", Duration.ofSeconds(2)))) {
                assertThat(reader.next().data()).isEqualTo("1");
                node.listen("topic=orders/1", Credentials.bearer(token(Duration.ofSeconds(3))))
                        .rest(); // and so the other has ended too
                ended.send("b\r\n{\"data\":2}\n\r\n").answer().isProblem(401, "ended");
            }
            publish("orders/1", "last");
            assertThat(reader.next().data()).isEqualTo("last");
        }
    }

    @Test
    void aProducerWithAKeyGoesOnWithAnotherTokenAndItsTopicStaysOpen() {
        try (Subscriber reader = listen("", Credentials.ADMIN);
                Wire first = publishing(
                        "/topics/orders/1?end", publisher("bob", Duration.ofMinutes(5)), "Idempotency-Key: k")) {
            assertThat(reader.next().data()).isEqualTo("1");
            node.ask("DELETE", "/users/bob/streams?revoke", Credentials.ADMIN).has(200);
            first.send("b\r\n{\"data\":2}\n\r\n").answer().isProblem(401);
            node.post(
                            "/topics/orders/1?end",
                            "{\"data\":1}\n{\"data\":2}\n",
                            Credentials.ADMIN,
                            "Idempotency-Key: k",
                            "Content-Type: application/x-ndjson")
                    .has(200);
            assertThat(reader.next().data()).isEqualTo("2");
        }
    }

    @Test
    void whoWaitsForAPageIsToldNothingAfterHisRevocation() {
        try (Wire waiting = node.connect()
                .get(
                        "/events?topic=orders/1&wait=60",
                        "Accept: application/json",
                        Credentials.bearer(Credentials.reader()))) {
            waiting.isSilentFor(300);
            node.ask("DELETE", "/users/alice/streams?revoke", Credentials.ADMIN).has(200);
            publish("orders/1", "not for alice");
            waiting.answer().isProblem(401, "revoked");
        }
    }

    @Test
    void whatFollowsTheRequestOfAStreamIsDropped() {
        String token = Credentials.token("user " + System.nanoTime(), List.of("orders/*"), List.of(), false, LONG);
        Wire wire = node.connect();
        wire.send(Wire.request("GET", "/events?open=none&topic=orders/1", Credentials.bearer(token)) + "GET /part");
        try (Subscriber stream = new Subscriber(wire)) {
            stream.lead();
            publish("orders/1", "x");
            assertThat(stream.next().data()).isEqualTo("x");
        }
    }

    @Test
    void ticketsAndRevocationsAreKeptInTheLogAndNotInTheNode() {
        node.close();
        EventLog log = new UnclosedLog(new MemoryLog());
        node = TestNode.with(bounds -> {
            bounds.auth = Credentials.SETTINGS;
            bounds.log = log;
        });
        String ticket = ticket(Credentials.reader());
        listen("ticket=" + ticket).close();
        String revoked = Credentials.token("mallory", List.of("**"), List.of(), false, Duration.ofMinutes(5));
        node.ask("DELETE", "/users/mallory/streams?revoke", Credentials.ADMIN).has(200);
        node.close();
        node = TestNode.with(bounds -> {
            bounds.auth = Credentials.SETTINGS;
            bounds.log = log;
        });
        listen("ticket=" + ticket).close();
        node.get("/events?topic=a", Credentials.bearer(revoked)).isProblem(401, "revoked");
    }
}
