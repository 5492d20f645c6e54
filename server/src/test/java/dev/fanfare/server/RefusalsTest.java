package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that get no event: each is answered with a problem document, or closed when it is not HTTP. */
class RefusalsTest {

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.with(bounds -> {
            bounds.eventBytes = 10_000;
            bounds.requestTime = Duration.ofSeconds(1);
        });
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/nowhere", "/events/", "/event", "/Topics/a", "/healthz/x", "/%65vents/x", "//events"})
    void anUnknownPathIsNotFound(String path) {
        node.get(path).isProblem(404);
    }

    @ParameterizedTest
    @CsvSource({
        "PUT, /events, GET",
        "DELETE, /events, GET",
        "PATCH, /topics/a, POST",
        "PUT, /topics/a, DELETE",
        "POST, /healthz, GET",
        "POST, /stats, GET",
        "DELETE, /topics, GET",
        "POST, /streams/x, DELETE",
        "BREW, /events, GET",
        "get, /events, GET",
    })
    void aMethodThatIsNotForThePathIsRefusedWithThoseThatAre(String method, String path, String allowed) {
        Answer refused = node.ask(method, path, "Content-Length: 0").isProblem(405, method);
        assertThat(refused.header("Allow")).as("H3").contains(allowed).doesNotContain(method + ",");
    }

    @ParameterizedTest
    @CsvSource({"ET, /events", "OST, /tickets", "ELETE, /topics/a", "ELETE, /streams/x", "S, /topics/a"})
    void theEndOfAMethodIsNotThatMethod(String method, String path) {
        node.ask(method, path, "Content-Length: 0").isProblem(405, method);
    }

    @Test
    void aTopicAllowsReadingPublishingAndDeleting() {
        String allow = node.ask("PUT", "/topics/a", "Content-Length: 0").header("Allow");
        assertThat(allow.split(", ?")).contains("GET", "HEAD", "POST", "DELETE");
    }

    @Test
    void aBodyWhoseLengthIsTooLargeIsRefusedBeforeItComes() {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/a", "Content-Length: 10001"));
            wire.answer().isProblem(413, "10000");
            wire.isClosed();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"2147483648", "9223372036854775807"})
    void aLengthBeyondAllMeasureIsRefusedToo(String length) {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/a", "Content-Length: " + length));
            wire.answer().isProblem(413);
        }
    }

    @Test
    void aChunkedBodyIsRefusedWhenItHasGrownTooLarge() {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/a", "Transfer-Encoding: chunked"));
            for (int i = 0; i < 11; i++) {
                wire.send("3e8\r\n" + "x".repeat(1000) + "\r\n");
            }
            wire.answer().isProblem(413, "10000");
        }
    }

    @Test
    void aTargetThatIsTooLongIsRefused() {
        node.get("/events?topic=a&x=" + "y".repeat(20_000)).isProblem(414);
    }

    @Test
    void aTargetThatNeverEndsIsRefused() {
        try (Wire wire = node.connect().send("GET /" + "y".repeat(40_000))) {
            wire.answer().isProblem(414);
        }
    }

    @Test
    void headersThatAreTooLargeAreRefused() {
        node.get("/healthz", "X: " + "y".repeat(20_000)).isProblem(431);
        String[] many = new String[2_000];
        Arrays.setAll(many, i -> "X-" + i + ": 12345678");
        node.get("/healthz", many).isProblem(431);
    }

    @Test
    void headersThatAreLargeButNotTooLargeAreTaken() {
        node.get("/healthz", "Cookie: " + "y".repeat(12_000)).has(200);
    }

    @Test
    void aHeadThatDoesNotEndInTimeIsAnswered408() {
        try (Wire wire = node.connect().send("GET /healthz HTTP/1.1\r\nHost: local")) {
            wire.answer().isProblem(408);
            wire.isClosed();
        }
    }

    @Test
    void aBodyThatDoesNotEndInTimeIsAnswered408() {
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/slow", "Content-Length: 5") + "abc");
            wire.answer().isProblem(408);
            wire.isClosed();
        }
        assertThat(node.page("topic=slow&from=start").objects("events")).isEmpty();
    }

    @Test
    void anHttp11RequestNeedsOneHost() {
        for (String head : new String[] {"", "Host: localhost\r\nHost: localhost\r\n"}) {
            try (Wire wire = node.connect().send("GET /healthz HTTP/1.1\r\n" + head + "\r\n")) {
                wire.answer().isProblem(400, "Host");
            }
        }
    }

    @Test
    void anAbsoluteTargetIsTaken() {
        node.get("http://localhost:" + node.port() + "/healthz").has(200);
        try (Subscriber stream = node.subscribe("http://localhost/events?topic=a")) {
            stream.lead();
        }
    }

    @Test
    void theHostOfAnAbsoluteTargetCountsAndNotTheHeader() {
        node.get("http://evil.example/healthz").isProblem(421);
        node.get("http://localhost/healthz", "Host: evil.example").has(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GARBAGE\r\n\r\n",
                "GET /healthz\r\n\r\n",
                "GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n",
                "GET /healthz FTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET /healthz HTTP/1.1\r\nHost: localhost\r\nno colon here\r\n\r\n",
                "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n",
                "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
                "GET /healthz HTTP/1.1\r\nHost: localhost\r\n: empty\r\n\r\n",
                "GET nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "POST /topics/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                "POST /topics/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: one\r\n\r\n",
                "POST /topics/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: +1\r\n\r\nx",
                "POST /topics/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
                "POST /topics/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n",
                "POST /topics/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\nx",
            })
    void whatIsNotHttpIsRefusedAndTheConnectionClosed(String request) {
        try (Wire wire = node.connect().send(request)) {
            Answer answer = wire.answer();
            assertThat(answer.status()).isIn(400, 404, 501, 505);
            answer.isProblem(answer.status());
            if (answer.status() != 404) {
                wire.isClosed();
            }
        }
    }

    @Test
    void aBodyWithTwoLengthsCannotSmuggleARequest() {
        String smuggled = Wire.request("POST", "/topics/smuggled", "Content-Length: 0");
        try (Wire wire = node.connect()) {
            String head = Wire.request(
                    "POST", "/topics/a", "Content-Length: " + (5 + smuggled.length()), "Transfer-Encoding: chunked");
            wire.send(head + "0\r\n\r\n" + smuggled);
            Answer answer = wire.answer();
            if (answer.status() != 201) {
                answer.isProblem(400);
            }
            wire.isClosed();
        }
        assertThat(node.page("topic=smuggled&from=start").objects("events")).isEmpty();
    }

    @Test
    void anHttp2PrefaceIsRefused() {
        try (Wire wire = node.connect().send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) {
            assertThat(wire.answer().status()).isBetween(400, 505);
            wire.isClosed();
        }
    }

    @Test
    void anUpgradeThatIsNotOfferedIsIgnored() {
        node.get("/healthz", "Connection: Upgrade", "Upgrade: websocket").has(200);
    }

    @Test
    void blankLinesBeforeARequestAreSkipped() {
        try (Wire wire = node.connect().send("\r\n\r\n").get("/healthz")) {
            wire.answer().has(200);
        }
    }

    @Test
    void aRefusalWithItsBodyReadKeepsTheConnection() {
        try (Wire wire = node.connect()) {
            wire.post("/topics/a?event=fanfare-x", "body").answer().isProblem(400);
            wire.get("/healthz").answer().has(200);
        }
    }

    @Test
    void aRefusalOverHttp10IsAProblemToo() {
        try (Wire wire = node.connect().send("GET /nowhere HTTP/1.0\r\n\r\n")) {
            wire.answer().isProblem(404);
            wire.isClosed();
        }
    }
}
