package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** HTTP.md, Subscribe, as JSON: pages and long poll. */
@Tag("transport")
class JsonPagesTest {

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.start();
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    private static List<Object> data(Answer page) {
        return page.objects("events").stream().map(event -> event.get("data")).toList();
    }

    @Test
    void aPageHasTheFieldsOfTheContract() {
        Instant before = Instant.now().minusSeconds(1);
        String id = node.publish("fields?event=paid", "x");
        Answer page = node.page("topic=fields&from=start").has(200);
        assertThat(page.header("Content-Type")).isEqualTo("application/json");
        assertThat(page.header("Cache-Control")).contains("no-store");
        assertThat(page.json()).containsOnlyKeys("events", "last", "more", "gap", "ended");
        assertThat(page.json())
                .containsEntry("more", false)
                .containsEntry("gap", null)
                .containsEntry("ended", false);
        Map<String, Object> event = page.objects("events").get(0);
        assertThat(event)
                .containsOnlyKeys("id", "topic", "event", "data", "time")
                .containsEntry("id", id)
                .containsEntry("event", "paid");
        assertThat(Instant.parse(String.valueOf(event.get("time")))).isBetween(before, Instant.now());
    }

    @Test
    void theUrlOfOneTopicGivesPagesToo() {
        node.publish("one/topic", "x");
        Answer page = node.get("/topics/one/topic?from=start", "Accept: application/json");
        assertThat(data(page.has(200))).containsExactly("x");
    }

    @Test
    void pagesReadOnFromLastUntilThereIsNoMore() {
        List<Object> published = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            node.publish("paged", "x" + i);
            node.publish("unpaged", "-");
            published.add("x" + i);
        }
        List<Object> read = new ArrayList<>();
        Answer page = node.page("topic=paged&from=start&limit=10");
        read.addAll(data(page));
        assertThat(read).hasSize(10);
        assertThat(page.json()).containsEntry("more", true);
        while (page.field("more").equals(true)) {
            page = node.page("topic=paged&limit=10&lastEventId=" + page.string("last"));
            read.addAll(data(page));
        }
        assertThat(read).isEqualTo(published);
        assertThat(data(node.page("topic=paged&lastEventId=" + page.string("last"))))
                .isEmpty();
    }

    @Test
    void aPageHasAHundredEventsUnlessALimitSaysOtherwise() {
        try (Wire wire = node.connect()) {
            for (int i = 0; i < 120; i++) {
                wire.post("/topics/hundred", "x").answer().has(201);
            }
        }
        assertThat(data(node.page("topic=hundred&from=start"))).hasSize(100);
        assertThat(data(node.page("topic=hundred&from=start&limit=1000"))).hasSize(120);
        assertThat(data(node.page("topic=hundred&from=start&limit=1"))).hasSize(1);
    }

    @Test
    void withoutFromAndIdThereAreNoEventsButTheNewestPosition() {
        node.publish("cursor", "old");
        Answer page = node.page("topic=cursor").has(200);
        assertThat(data(page)).isEmpty();
        node.publish("cursor", "new");
        try (Subscriber stream = node.listen("topic=cursor", "Last-Event-ID: " + page.string("last"))) {
            assertThat(stream.next().data())
                    .as("read your database between the two")
                    .isEqualTo("new");
        }
    }

    @Test
    void lastIsThePositionReadUpToAndNotOnlyTheLastMatch() {
        String match = node.publish("upto", "x");
        String newest = node.publish("beyond", "x");
        Answer page = node.page("topic=upto&from=start");
        assertThat(page.string("last")).isNotEqualTo(match).isGreaterThanOrEqualTo(newest);
    }

    @Test
    void anUnknownIdIsAGapInThePage() {
        node.publish("gap", "1");
        Answer page = node.page("topic=gap&from=start&lastEventId=never-seen").has(200);
        assertThat(page.json().get("gap")).isInstanceOf(Map.class);
        @SuppressWarnings("unchecked")
        Map<String, Object> gap = (Map<String, Object>) page.field("gap");
        assertThat(gap)
                .containsEntry("after", "never-seen")
                .containsEntry("reason", "unknown-id")
                .containsKey("resumedAt");
        assertThat(data(page)).containsExactly("1");
    }

    @Test
    void aWaitEndsAtOnceWhenAnEventComes() {
        try (Wire wire = node.connect()) {
            wire.get("/events?topic=poll&wait=30", "Accept: application/json").isSilentFor(300);
            long start = System.nanoTime();
            node.publish("other", "-");
            node.publish("poll", "x");
            Answer page = wire.answer().has(200);
            assertThat(data(page)).containsExactly("x");
            assertThat(System.nanoTime() - start).as("nanoseconds").isLessThan(2_000_000_000L);
            assertThat(data(node.page("topic=poll&lastEventId=" + page.string("last"))))
                    .isEmpty();
        }
    }

    @Test
    void aWaitDoesNotWaitForWhatIsThereAlready() {
        String id = node.publish("there", "1");
        node.publish("there", "2");
        assertThat(data(node.page("topic=there&wait=30&lastEventId=" + id))).containsExactly("2");
    }

    @Test
    void aWaitForNothingEndsEmpty() {
        long start = System.nanoTime();
        Answer page = node.page("topic=nothing&wait=1").has(200);
        assertThat(data(page)).isEmpty();
        assertThat(page.string("last")).matches("\\d+-\\d+");
        assertThat(System.nanoTime() - start).as("nanoseconds").isBetween(900_000_000L, 5_000_000_000L);
    }

    @Test
    void aWaitKeepsToTheTypesAskedFor() {
        try (Wire wire = node.connect()) {
            wire.get("/events?topic=kind&event=b&wait=30", "Accept: application/json")
                    .isSilentFor(200);
            node.publish("kind?event=a", "1");
            wire.isSilentFor(200);
            node.publish("kind?event=b", "2");
            assertThat(data(wire.answer())).containsExactly("2");
        }
    }

    @Test
    void pollingBackToBackMissesNothing() {
        List<Object> read = new ArrayList<>();
        try (Wire poll = node.connect()) {
            String last = node.page("topic=chain").string("last");
            for (int i = 0; i < 30; i++) {
                node.publish("chain", "a" + i);
                poll.get("/events?topic=chain&wait=5&lastEventId=" + last, "Accept: application/json");
                node.publish("chain", "b" + i);
                Answer page = poll.answer().has(200);
                read.addAll(data(page));
                last = page.string("last");
            }
            read.addAll(data(node.page("topic=chain&lastEventId=" + last)));
        }
        List<String> published = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            published.addAll(List.of("a" + i, "b" + i));
        }
        assertThat(read).isEqualTo(published);
    }

    @Test
    void requestsBehindALongPollWaitForTheirTurn() {
        try (Wire wire = node.connect()) {
            wire.get("/events?topic=turn&wait=30", "Accept: application/json")
                    .get("/healthz")
                    .isSilentFor(200);
            node.publish("turn", "x");
            assertThat(data(wire.answer())).containsExactly("x");
            assertThat(wire.answer().has(200).text()).contains("ok");
        }
    }

    @Test
    void aLongPollAndWhatIsBehindItOutliveTheTimeForARequest() {
        try (TestNode strict = TestNode.with(bounds -> bounds.requestTime = Duration.ofSeconds(1));
                Wire wire = strict.connect()) {
            wire.get("/events?topic=long&wait=4", "Accept: application/json").isSilentFor(100);
            wire.get("/healthz");
            assertThat(data(wire.answer().has(200))).isEmpty();
            wire.answer().has(200);
            wire.get("/healthz").answer().has(200);
        }
    }

    @Test
    void aPageOfManyLargeEventsSaysThatThereIsMore() {
        for (int i = 0; i < 5; i++) {
            node.publish("bulky", "x".repeat(500_000));
        }
        int read = 0;
        Answer page = node.page("topic=bulky&from=start");
        while (true) {
            read += page.objects("events").size();
            assertThat(page.body().length).as("bytes of a page").isLessThan(3 << 20);
            if (page.field("more").equals(false)) {
                break;
            }
            page = node.page("topic=bulky&lastEventId=" + page.string("last"));
        }
        assertThat(read).isEqualTo(5);
    }

    @Test
    void aBroadcastEndsAWait() {
        try (Wire wire = node.connect()) {
            wire.get("/events?topic=cast&wait=30", "Accept: application/json").isSilentFor(200);
            node.publish("@all", "x");
            assertThat(data(wire.answer())).containsExactly("x");
        }
    }
}
