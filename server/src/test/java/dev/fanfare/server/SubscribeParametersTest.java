package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP.md, Subscribe: what a parameter may be, and that a wrong one is refused with what was expected. */
class SubscribeParametersTest {

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.start();
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @ParameterizedTest
    @CsvSource({
        "heartbeat=4, 5, 120",
        "heartbeat=121, 5, 120",
        "heartbeat=, 5, 120",
        "heartbeat=soon, 5, 120",
        "heartbeat=-5, 5, 120",
        "heartbeat=5.5, 5, 120",
        "heartbeat=event:4, 5, 120",
        "heartbeat=event:121, 5, 120",
        "heartbeat=event:, 5, 120",
        "heartbeat=99999999999999999999, 5, 120",
        "retry=499, 500, 60",
        "retry=60001, 500, 60",
        "retry=0, 500, 60",
        "retry=x, 500, 60",
        "retry=99999999999999999999, 500, 60",
        "slow=fast, catch-up, latest",
        "slow=Latest, catch-up, close",
        "with=topics, topic, envelope",
        "with=data, topic, envelope",
        "open=all, open, none",
        "limit=0, limit, 1000",
        "limit=1001, limit, 1000",
        "limit=x, limit, 1000",
        "wait=61, wait, 60",
        "wait=-1, wait, 60",
        "wait=x, wait, 60",
    })
    void aValueOutOfRangeIsRefusedWithTheRange(String parameter, String low, String high) {
        Answer refused = node.page("topic=a&" + parameter).isProblem(400);
        String name = parameter.substring(0, parameter.indexOf('='));
        String detail = refused.string("detail").replace(",", "");
        assertThat(detail).contains(name, low, high);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "heartbeat=5",
                "heartbeat=120",
                "heartbeat=event:5",
                "heartbeat=event:120",
                "retry=500",
                "retry=60000",
                "slow=catch-up",
                "slow=latest",
                "slow=close",
                "with=topic",
                "with=also",
                "with=envelope",
                "open=none",
                "from=now",
                "from=start",
                "from=last",
                "from=-1",
                "from=-1000",
                "from=10m",
                "from=30s",
                "from=24h",
                "from=2020-01-01T00:00:00Z",
                "from=2020-01-01T00:00:00.123%2B02:00",
                "from=1763683200000-7",
                "event=a&event=b",
                "limit=1",
                "wait=0",
            })
    void aValueInRangeIsTaken(String parameter) {
        try (Subscriber stream = node.subscribe("/events?topic=a&" + parameter)) {
            stream.lead();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "from=yesterday",
                "from=",
                "from=-",
                "from=-x",
                "from=10",
                "from=10y",
                "from=2020-13-01T00:00:00Z",
                "from=2020-01-01",
                "from=Start",
                "from=-99999999999999999999",
            })
    void aStartThatIsNoneIsRefusedWithThoseThatAre(String parameter) {
        node.get("/events?topic=a&" + parameter).isProblem(400, "from", "start", "last");
    }

    @Test
    void theFutureIsNoStart() {
        Instant future = Instant.now().plus(1, ChronoUnit.HOURS);
        node.get("/events?topic=a&from=" + future).isProblem(400, "future");
    }

    @ParameterizedTest
    @CsvSource({
        "topi=a, topic",
        "topics=a, topic",
        "Topic=a, topic",
        "form=start, from",
        "fro=start, from",
        "evnt=a, event",
        "events=a, event",
        "wth=topic, with",
        "hartbeat=5, heartbeat",
        "heartbeats=5, heartbeat",
        "sloww=latest, slow",
        "retri=500, retry",
        "opn=none, open",
        "lastEventid=1-1, lastEventId",
        "lastEventIds=1-1, lastEventId",
        "last-evnt-id=1-1, last-event-id",
        "limt=1, limit",
        "wait_=1, wait",
    })
    void aParameterOneEditFromAKnownOneIsRefusedWithThatName(String parameter, String known) {
        String name = parameter.substring(0, parameter.indexOf('='));
        node.get("/events?topic=a&" + parameter).isProblem(400, name, known);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "_=1763683200000",
                "r=0.123",
                "ts=1",
                "nocache=1",
                "cacheBuster=x",
                "cb",
                "=",
                "&&",
                "v=1&v=2",
                "utm_source=x"
            })
    void cacheBustersAreIgnored(String query) {
        try (Subscriber stream = node.subscribe("/events?topic=a&" + query)) {
            stream.lead();
        }
    }

    @Test
    void aTopicsPerStreamLimitHoldsAndIsNamed() {
        String hundred = "topic=t".repeat(1) + "&topic=t".repeat(99);
        StringBuilder distinct = new StringBuilder("topic=t0");
        for (int i = 1; i < 100; i++) {
            distinct.append("&topic=t").append(i);
        }
        try (Subscriber stream = node.subscribe("/events?" + distinct)) {
            stream.lead();
        }
        node.get("/events?" + distinct + "&topic=t100").isProblem(400, "100", "limits.topics-per-stream");
        try (Subscriber stream = node.subscribe("/events?" + hundred)) {
            stream.lead();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"@me", "@me/**", "@me/inbox"})
    void meNeedsToKnowWhoThatIs(String selector) {
        Answer refused = node.get("/events?topic=" + selector);
        assertThat(refused.status()).isBetween(400, 403);
        refused.isProblem(refused.status(), "@me");
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/event-stream", "application/json"})
    void theSameParametersAreRefusedInBothForms(String accept) {
        node.get("/events?topic=a&heartbeat=1", "Accept: " + accept).isProblem(400, "heartbeat");
        node.get("/topics/a?from=x", "Accept: " + accept).isProblem(400, "from");
    }

    @Test
    void plusAndPercentInAQueryAreDecoded() {
        try (Subscriber stream = node.listen("topic=a%20b%2Fc&with=topic")) {
            node.publish("a%20b/c", "x");
            assertThat(stream.next().topic()).isEqualTo("a b/c");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "topic=%",
                "topic=%4",
                "topic=%zz",
                "topic=%ff",
                "topic=a%C3",
                "topic=%ED%A0%80",
                "topic=a&from=%"
            })
    void aQueryThatDecodesToNoTextIsRefused(String query) {
        node.get("/events?" + query).isProblem(400);
    }
}
