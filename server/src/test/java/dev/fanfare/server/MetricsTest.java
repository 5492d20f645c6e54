package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What {@code /metrics} and {@code /stats} say of what happens. */
class MetricsTest {

    @Test
    void streamsEventsAndBytesAreCounted() {
        try (TestNode node = TestNode.start();
                Subscriber one = node.listen("topic=a");
                Subscriber two = node.listen("topic=a")) {
            Scrape before = Scrape.of(node);
            node.publish("a", "hello");
            node.publish("nobody/listens", "x".repeat(1000));
            assertThat(one.next().data()).isEqualTo(two.next().data());
            await().until(() -> Scrape.of(node).value("fanfare_delivered_events_total") == 2);
            Scrape after = Scrape.of(node);

            assertThat(after.value("fanfare_streams_open")).isEqualTo(2);
            assertThat(after.value("fanfare_streams_opened_total")).isEqualTo(2);
            assertThat(after.value("fanfare_streams_limit")).isEqualTo(10_000);
            assertThat(after.value("fanfare_streams_lagging")).isZero();
            assertThat(after.value("fanfare_published_events_total")).isEqualTo(2);
            assertThat(after.value("fanfare_published_bytes_total")).isBetween(1_000.0, 1_200.0);
            assertThat(after.value("fanfare_delivered_bytes_total") - before.value("fanfare_delivered_bytes_total"))
                    .isBetween(60.0, 140.0);
            assertThat(after.value("fanfare_writes_total") - before.value("fanfare_writes_total"))
                    .isEqualTo(2);
            assertThat(after.value("fanfare_append_seconds_count")).isEqualTo(2);
            assertThat(after.value("fanfare_delivery_latency_seconds_count")).isBetween(1.0, 2.0);
            assertThat(after.value("fanfare_batch_events_sum")).isBetween(1.0, 2.0);
            assertThat(after.value("fanfare_log_events")).isEqualTo(2);
            assertThat(after.value("fanfare_log_topics")).isEqualTo(2);
            assertThat(after.value("fanfare_log_bytes")).isGreaterThan(1_000);
            assertThat(after.value("fanfare_window_bytes")).isGreaterThan(1_000);
            await().until(() -> Scrape.of(node).value("fanfare_loop_lag_seconds_count") > 2);
        }
    }

    @Test
    void closesAreCountedByCause() {
        try (TestNode node = TestNode.start()) {
            try (Subscriber leaves = node.listen("topic=a")) {
                leaves.wire();
            }
            try (Subscriber ended = node.listen("topic=b")) {
                node.post("/topics/b?end", "last").has(201);
                ended.rest();
            }
            try (Subscriber closed = node.subscribe("/events?topic=c")) {
                String id = String.valueOf(
                        node.get("/streams?topic=c").objects("streams").get(0).get("id"));
                node.ask("DELETE", "/streams/" + id).has(200);
                closed.rest();
            }
            node.hasStreams(0);
            await().untilAsserted(() -> {
                Scrape scrape = Scrape.of(node);
                assertThat(scrape.series("fanfare_streams_closed_total")
                                .filter(sample -> sample.value() > 0)
                                .map(sample -> sample.labels().get("cause") + "=" + sample.value()))
                        .containsExactlyInAnyOrder("client=1.0", "topic-ended=1.0", "admin=1.0");
            });
        }
    }

    @Test
    void refusalsProblemsAndGapsAreCounted() {
        try (TestNode node = TestNode.with(bounds -> bounds.streams = 1);
                Subscriber stream = node.subscribe("/events?topic=a&last-event-id=nobody-knows")) {
            stream.next();
            node.get("/events?topic=a").has(200);
            node.get("/nothing").isProblem(404);
            node.post("/topics/a?event=fanfare-x", "x").isProblem(400);

            Scrape scrape = Scrape.of(node);
            assertThat(scrape.value("fanfare_streams_refused_total", "reason", "limit"))
                    .isEqualTo(1);
            assertThat(scrape.value("fanfare_problems_total", "status", "404")).isEqualTo(1);
            assertThat(scrape.value("fanfare_problems_total", "status", "400")).isEqualTo(1);
            assertThat(scrape.value("fanfare_gaps_total", "reason", "unknown-id"))
                    .isEqualTo(1);
            assertThat(scrape.value("fanfare_streams_opened_total")).isEqualTo(1);
        }
    }

    @Test
    void noLabelHasAValueThatUsersChoose() {
        try (TestNode node = TestNode.start();
                Subscriber stream = node.listen("topic=chosen/**&event=chosen")) {
            node.publish("chosen/1?event=chosen&id=chosen", "chosen");
            stream.next();
            node.get("/chosen").isProblem(404);
            node.get("/metrics", "Origin: http://chosen.example", "User-Agent: chosen");

            assertThat(node.get("/metrics").text()).doesNotContain("chosen").doesNotContain("127.0.0.1");
        }
    }

    @Test
    void statsNameTheBusiestTopics() {
        try (TestNode node = TestNode.start()) {
            for (int i = 0; i < 30; i++) {
                node.publish("topic-" + i, "x");
            }
            node.publish("busy", "x");
            node.publish("busy?also=busier", "x");
            node.publish("busier", "x");
            node.publish("busier", "x");

            Answer stats = node.get("/stats").has(200);
            assertThat(stats.objects("busiest")).hasSize(20);
            assertThat(stats.objects("busiest").subList(0, 2))
                    .isEqualTo(List.of(Map.of("topic", "busier", "events", 3L), Map.of("topic", "busy", "events", 2L)));
            assertThat(stats.json().get("loopLag")).isInstanceOf(Number.class);
        }
    }

    @Test
    void docsListWhatANodeAnswers() throws IOException {
        String page;
        try (TestNode node = TestNode.start()) {
            page = page(Scrape.of(node));
        }
        Path made = Files.writeString(Path.of("target/metrics.md"), page);
        assertThat(Files.readString(Path.of("../docs/metrics.md")))
                .as("docs/metrics.md is out of date; what it should be is in server/" + made)
                .isEqualTo(page);
    }

    /** docs/metrics.md; without the labels' values and the metrics that differ between Java versions and collectors. */
    private static String page(Scrape scrape) {
        StringBuilder page = new StringBuilder("""
                # Metrics

                `GET /metrics` answers in Prometheus' text format; it is for whoever may see `/stats`. This page is generated from what a node
                answers, and a test compares them. No label has a value that users choose: there is none for topics, users or addresses; `/stats`
                and `/streams` name those.

                A histogram has the series `_bucket` (label `le`), `_sum` and `_count`, and beside it `_max`, the largest value of the last minutes.
                All series are there from the start, at 0, so that a rate over them misses nothing. `deploy/grafana/fanfare.json` is a dashboard, and
                `deploy/prometheus/alerts.yml` has alerts that say what to do; a test asks a live node each of their queries.

                | metric | type | labels | what |
                | --- | --- | --- | --- |
                """);
        new TreeMap<>(scrape.types()).forEach((name, type) -> {
            if (name.startsWith("fanfare_") && !name.endsWith("_max")) {
                page.append(row(scrape, name, type));
            }
        });
        page.append("""

                Of the process and the Java virtual machine, as Micrometer has them; those of garbage collection, `jvm_gc_...`, depend on the
                collector, and `jvm_gc_pause_seconds` is there from the first pause on:

                | metric | type | labels | what |
                | --- | --- | --- | --- |
                """);
        new TreeMap<>(scrape.types()).forEach((name, type) -> {
            if (!name.startsWith("fanfare_") && !name.startsWith("jvm_gc_")) {
                page.append(row(scrape, name, type));
            }
        });
        return page.toString();
    }

    private static String row(Scrape scrape, String name, String type) {
        Map<String, Set<String>> labels = new TreeMap<>();
        scrape.series(name)
                .forEach(sample -> sample.labels()
                        .forEach((label, value) -> labels.computeIfAbsent(label, it -> new TreeSet<>())
                                .add(value)));
        labels.remove("le");
        boolean listed = Set.of("cause", "outcome", "reason", "status").containsAll(labels.keySet());
        StringBuilder cell = new StringBuilder();
        labels.forEach((label, values) -> cell.append(cell.isEmpty() ? "" : ", ")
                .append('`')
                .append(label)
                .append('`')
                .append(listed ? ": " + String.join(", ", values) : ""));
        return "| `%s` | %s | %s | %s |\n"
                .formatted(name, type, cell, scrape.help().get(name));
    }
}
