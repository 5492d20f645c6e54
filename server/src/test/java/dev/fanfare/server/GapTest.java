package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** HTTP.md, Subscribe: what a stream is told when the place it asked for is gone. */
@Tag("transport")
class GapTest {

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.start();
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    private static List<String> publish(String topic, String... data) {
        List<String> ids = new ArrayList<>();
        for (String one : data) {
            ids.add(node.publish(topic, one));
        }
        return ids;
    }

    @Test
    void anUnknownIdGetsAGapAndGoesOnAsFromSays() {
        publish("unknown", "1", "2");
        try (Subscriber stream = node.listen("topic=unknown&from=-1", "Last-Event-ID: what-is-this")) {
            Received gap = stream.next();
            assertGap(gap, "what-is-this", "unknown-id", "unknown");
            assertThat(stream.next().data()).isEqualTo("2");
        }
        try (Subscriber stream = node.listen("topic=unknown", "Last-Event-ID: what-is-this")) {
            assertThat(stream.next().type()).isEqualTo("fanfare-gap");
            publish("unknown", "live");
            assertThat(stream.next().data()).isEqualTo("live");
        }
    }

    @Test
    void anIdAboveTheLogIsOfALogThatWasLost() {
        publish("future", "1");
        String id = "8000000000000-1";
        try (Subscriber stream = node.listen("topic=future", "Last-Event-ID: " + id)) {
            assertGap(stream.next(), id, "log-lost", "future");
            publish("future", "live");
            assertThat(stream.next().data()).isIn("1", "live");
        }
    }

    @Test
    void anIdBelowTheBirthOfANewLogIsOfALogThatWasLost() {
        String id = "1763683200000-7";
        try (TestNode young = TestNode.start()) {
            young.publish("birth", "1");
            try (Subscriber stream = young.listen("topic=birth", "Last-Event-ID: " + id)) {
                assertGap(stream.next(), id, "log-lost", "birth");
                assertThat(stream.next().data())
                        .as("the oldest event still held after it")
                        .isEqualTo("1");
            }
        }
    }

    @Test
    void anIdWhoseSuccessorsExpiredGetsAGapAndThenWhatIsLeft() {
        try (TestNode small = keeping(2)) {
            String first = small.publish("few", "1");
            small.publish("other", "-");
            small.publish("few", "2");
            String third = small.publish("few", "3");
            small.publish("few", "4");
            small.publish("few", "5");
            try (Subscriber stream = small.listen("topic=few&topic=other&with=topic", "Last-Event-ID: " + first)) {
                Received gap = stream.next();
                assertGap(gap, first, "expired", "few");
                List<String> rest = stream.data(3);
                assertThat(rest)
                        .as("the oldest still held after the id asked for")
                        .containsExactly("-", "4", "5");
            }
            try (Subscriber stream = small.listen("topic=few", "Last-Event-ID: " + third)) {
                assertThat(stream.data(2))
                        .as("nothing was missed, nothing is said")
                        .containsExactly("4", "5");
            }
        }
    }

    @Test
    void aResumeFromTheIdOfAGapMeetsNoSecondOne() {
        try (TestNode small = keeping(1)) {
            String first = small.publish("once", "1");
            small.publish("once", "2");
            small.publish("once", "3");
            String resumedAt;
            try (Subscriber stream = small.listen("topic=once", "Last-Event-ID: " + first)) {
                resumedAt = stream.next().id();
            }
            try (Subscriber stream = small.listen("topic=once", "Last-Event-ID: " + resumedAt)) {
                assertThat(stream.next().data()).isEqualTo("3");
            }
        }
    }

    @Test
    void nowStartLastAndMinusNNeverHaveAGap() {
        try (TestNode small = keeping(1)) {
            small.publish("never", "1");
            small.publish("never", "2");
            for (String from : List.of("start", "last", "-5")) {
                try (Subscriber stream = small.listen("topic=never&from=" + from)) {
                    assertThat(stream.next().data()).as(from).isEqualTo("2");
                }
            }
        }
    }

    @Test
    void aResumeBehindADeletionGetsAGapThatSaysSo() {
        List<String> ids = publish("gone", "1", "2");
        assertThat(node.ask("DELETE", "/topics/gone").status()).isBetween(200, 204);
        try (Subscriber stream = node.listen("topic=gone", "Last-Event-ID: " + ids.get(0))) {
            assertGap(stream.next(), ids.get(0), "deleted", "gone");
            publish("gone", "3");
            assertThat(stream.next().data()).isEqualTo("3");
        }
    }

    @Test
    void aGapNamesAtMostTwentyTopics() {
        try (TestNode small = keeping(1)) {
            StringBuilder query = new StringBuilder("from=now");
            String first = small.publish("first", "x");
            for (int i = 0; i < 25; i++) {
                small.publish("many/" + i, "1");
                small.publish("many/" + i, "2");
                query.append("&topic=many/").append(i);
            }
            try (Subscriber stream = small.listen(query.toString(), "Last-Event-ID: " + first)) {
                Received gap = stream.next();
                assertThat(gap.type()).isEqualTo("fanfare-gap");
                assertThat((List<?>) gap.json().get("topics")).hasSize(20);
                assertThat(stream.next(25)).hasSize(25);
            }
        }
    }

    /** A node with no window to speak of, so that what has expired is gone. */
    private static TestNode keeping(int eventsPerTopic) {
        return TestNode.with(bounds -> {
            bounds.eventsPerTopic = eventsPerTopic;
            bounds.windowBytes = 1;
        });
    }

    private static void assertGap(Received gap, String after, String reason, String topic) {
        assertThat(gap.type()).isEqualTo("fanfare-gap");
        assertThat(gap.json())
                .containsEntry("after", after)
                .containsEntry("reason", reason)
                .containsEntry("resumedAt", gap.id())
                .containsEntry("topics", List.of(topic));
        assertThat(gap.json().keySet()).isSubsetOf("after", "resumedAt", "topics", "reason", "skipped");
    }
}
