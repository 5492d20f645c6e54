package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.Note;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** HTTP.md, Operate: what a node says of itself. */
class AdminPagesTest {

    private TestNode node;

    @BeforeEach
    void start() {
        node = TestNode.start();
    }

    @AfterEach
    void stop() {
        node.close();
    }

    @Test
    void topicsAreListedByPrefixWithNewestIdAndCount() {
        node.publish("orders/1", "x");
        String newest = node.publish("orders/1", "x");
        node.publish("orders/2", "x");
        node.publish("news", "x");
        Answer list = node.get("/topics?prefix=orders/").has(200);
        assertThat(list.objects("topics"))
                .hasSize(2)
                .first()
                .satisfies(topic -> assertThat(topic)
                        .containsEntry("topic", "orders/1")
                        .containsEntry("newest", newest)
                        .containsEntry("count", 2L));
        assertThat(node.get("/topics").objects("topics")).hasSize(3);
    }

    @Test
    void topicsArePaged() {
        List<Object> published = new ArrayList<>();
        for (int i = 10; i < 35; i++) {
            node.publish("many/" + i, "x");
            published.add("many/" + i);
        }
        List<Object> listed = new ArrayList<>();
        String after = "";
        for (int pages = 0; pages < 10; pages++) {
            Answer page =
                    node.get("/topics?prefix=many/&limit=10&after=" + after).has(200);
            page.objects("topics").forEach(topic -> listed.add(String.valueOf(topic.get("topic"))));
            if (page.json().get("next") == null) {
                break;
            }
            after = page.string("next");
        }
        assertThat(listed).isEqualTo(published);
    }

    @Test
    void aDeletedTopicIsNotListedAndItsEventsAreNotRead() {
        node.publish("gone", "x");
        assertThat(node.ask("DELETE", "/topics/gone").status()).isBetween(200, 204);
        assertThat(node.get("/topics").objects("topics")).isEmpty();
        assertThat(node.page("topic=gone&from=start").objects("events")).isEmpty();
        assertThat(node.ask("DELETE", "/topics/gone").status()).as("once more").isBetween(200, 204);
    }

    @Test
    void aDeletionOfNoTopicIsRefused() {
        node.ask("DELETE", "/topics/a//b").isProblem(400);
        node.ask("DELETE", "/topics/a/*").isProblem(400);
    }

    @Test
    void streamsAreListed() {
        try (Subscriber one = node.subscribe("/events?topic=a&topic=b/*");
                Subscriber two = node.subscribe("/events?topic=c")) {
            one.lead();
            two.lead();
            String id = String.valueOf(one.next().json().get("stream"));
            List<Map<String, Object>> streams = node.get("/streams").has(200).objects("streams");
            assertThat(streams)
                    .hasSize(2)
                    .allSatisfy(stream -> assertThat(stream)
                            .containsOnlyKeys("id", "user", "ip", "selectors", "age", "lag", "bytes")
                            .containsEntry("ip", "127.0.0.1"));
            assertThat(streams)
                    .filteredOn(stream -> id.equals(stream.get("id")))
                    .singleElement()
                    .satisfies(stream -> assertThat(stream).containsEntry("selectors", List.of("a", "b/*")));
            assertThat(node.get("/streams?topic=c").objects("streams")).hasSize(1);
            assertThat(node.get("/streams?limit=1").objects("streams")).hasSize(1);
        }
    }

    @Test
    void aStreamThatIsDeletedEndsCleanlyWithAReconnectionTime() {
        try (Subscriber stream = node.subscribe("/events?topic=a");
                Subscriber other = node.listen("topic=a")) {
            stream.lead();
            String id = String.valueOf(stream.next().json().get("stream"));
            assertThat(node.ask("DELETE", "/streams/" + id).status()).isBetween(200, 204);
            assertThat(stream.rest()).anyMatch(line -> line.matches("retry: \\d+"));
            node.publish("a", "x");
            assertThat(other.next().data()).isEqualTo("x");
            node.hasStreams(1);
            node.ask("DELETE", "/streams/" + id).isProblem(404, id);
        }
    }

    @Test
    void aNodeThatHoldsStreamsIsAliveAndReady() {
        node.get("/healthz").has(200);
        assertThat(node.get("/readyz").has(200).json()).containsEntry("publish", "available");
        assertThat(node.ask("HEAD", "/readyz").status()).isEqualTo(200);
    }

    @Test
    void statsCountStreams() {
        assertThat(node.streams()).isZero();
        try (Subscriber stream = node.listen("topic=a")) {
            assertThat(stream.head().status()).isEqualTo(200);
            node.hasStreams(1);
        }
        node.hasStreams(0);
    }

    @Test
    void notesAreCountedByThemselvesAndAreNoEvents() {
        node.publish("a", "1");
        node.hub()
                .log()
                .append(List.of(new Note("revoked/alice", "revoked", Long.MAX_VALUE)))
                .toCompletableFuture()
                .join();

        assertThat(node.get("/stats").has(200).json().get("log"))
                .asInstanceOf(InstanceOfAssertFactories.MAP)
                .containsEntry("notes", 1L)
                .containsEntry("events", 1L);
        assertThat(node.get("/topics").objects("topics")).hasSize(1);
        assertThat(Scrape.of(node).value("fanfare_log_notes")).isEqualTo(1);
    }
}
