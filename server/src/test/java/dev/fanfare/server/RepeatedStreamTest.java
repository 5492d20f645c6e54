package dev.fanfare.server;

import static dev.fanfare.server.StreamedPublishTest.NDJSON;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A streaming publish with an Idempotency-Key, cut anywhere and repeated, publishes each of its events once. */
class RepeatedStreamTest {

    private static final String KEY = "Idempotency-Key: k";
    private static final String STREAM = "Content-Type: text/event-stream";

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.start();
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    private static List<Object> data(String topic) {
        return node.page("from=start&topic=" + topic).has(200).objects("events").stream()
                .map(event -> event.get("data"))
                .toList();
    }

    /** Sends the body in full after each way of having it cut. */
    private static void cutAtEveryByte(String name, String type, String body, List<Object> expected) {
        for (int cut = 0; cut <= body.length(); cut++) {
            String topic = "cut/" + name + "/" + cut;
            try (Wire wire = node.connect()) {
                wire.send(Wire.request("POST", "/topics/" + topic, type, KEY, "Content-Length: " + body.length())
                        + body.substring(0, cut));
                if (cut == body.length()) {
                    wire.answer().has(200);
                }
            }
            Answer whole = node.post("/topics/" + topic, body, type, KEY).has(200);
            assertThat(whole.json()).containsEntry("published", (long) expected.size());
            assertThat(data(topic)).as("cut at %s", cut).isEqualTo(expected);
        }
    }

    @Test
    void ndjsonCutAtEveryByteAndRepeatedIsNeitherDoubledNorSkipped() {
        String body =
                "{\"data\":\"one\"}\r\n\n{\"key\":\"own\",\"data\":[2]}\n{\"id\":\"three\",\"data\":\"\"}\n{\"data\":4}";
        cutAtEveryByte("ndjson", NDJSON, body, List.of("one", "[2]", "", "4"));
    }

    @Test
    void anEventStreamCutAtEveryByteAndRepeatedIsNeitherDoubledNorSkipped() {
        String body = ": hello\n\ndata: 1\nid: a\n\nevent: x\r\ndata: 2\r\ndata: more\r\n\r\nretry: 1000\rdata: 3\r\r";
        cutAtEveryByte("stream", STREAM, body, List.of("1", "2\nmore", "3"));
    }

    @Test
    void aRepeatGoesOnBehindWhatTheFirstHadPublished() {
        StringBuilder body = new StringBuilder();
        List<Object> expected = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            body.append("{\"data\":\"").append(i).append("\"}\n");
            expected.add(String.valueOf(i));
        }
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/goes-on", NDJSON, KEY, "Content-Length: 100000000")
                    + body.substring(0, body.length() / 2));
            Awaitility.await().until(() -> !data("goes-on").isEmpty());
        }
        node.post("/topics/goes-on", body.toString(), NDJSON, KEY).has(200);
        List<Object> all = new ArrayList<>();
        String from = "start";
        for (boolean more = true; more; ) {
            Answer page = node.page("limit=1000&topic=goes-on&from=" + from).has(200);
            for (Map<String, Object> event : page.objects("events")) {
                all.add(event.get("data"));
            }
            from = page.string("last");
            more = (Boolean) page.field("more");
        }
        assertThat(all).isEqualTo(expected);
    }

    @Test
    void theLastIdOfARepeatIsThatOfTheFirst() {
        String body = "{\"data\":1}\n{\"data\":2}\n";
        String first = node.post("/topics/same", body, NDJSON, KEY).has(200).text();
        assertThat(node.post("/topics/same", body, NDJSON, KEY).has(200).text()).isEqualTo(first);
    }

    @Test
    void aLineWithItsKeyAlreadyUsedForOtherDataIsNamedAndNothingAfterItIsPublished() {
        node.post("/topics/conflict", "{\"data\":1}\n{\"data\":2}\n{\"data\":3}\n", NDJSON, KEY)
                .has(200);
        String other = "{\"data\":1}\n{\"key\":\"new\",\"data\":\"new\"}\n{\"data\":\"other\"}\n{\"data\":4}\n";
        Answer refused = node.post("/topics/conflict", other, NDJSON, KEY);
        refused.isProblem(409, "line 3", "Idempotency-Key", "k/3", "2 events were published");
        assertThat(data("conflict")).containsExactly("1", "2", "3", "new");
    }

    @Test
    void aKeyTwiceInOneBodyWithOtherDataIsAConflictToo() {
        String body =
                "{\"data\":1}\n{\"key\":\"k\",\"data\":2}\n{\"key\":\"k\",\"data\":2}\n{\"key\":\"k\",\"data\":3}\n{\"data\":4}";
        node.post("/topics/twice", body, NDJSON).isProblem(409, "line 4");
        assertThat(data("twice")).containsExactly("1", "2");
    }

    @Test
    void aKeyThatIsNoneIsRefused() {
        node.post("/topics/no-key", "{\"data\":1}", NDJSON, "Idempotency-Key: " + "x".repeat(256))
                .isProblem(400, "Idempotency-Key");
    }
}
