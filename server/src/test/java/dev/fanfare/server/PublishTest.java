package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP.md, Publish: one event a request. */
class PublishTest {

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.with(bounds -> bounds.eventBytes = 100_000);
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    private static List<Map<String, Object>> events(String topic) {
        return node.page("from=start&topic=" + topic).has(200).objects("events");
    }

    @Test
    void isAnsweredWithTheIdAndALocation() {
        Answer answer = node.post("/topics/orders/42", "paid").has(201);
        assertThat(answer.header("Content-Type")).isEqualTo("application/json");
        assertThat(answer.json()).containsOnlyKeys("id");
        assertThat(answer.string("id")).as("a position's text").matches("\\d{13}-\\d+");
        assertThat(answer.header("Location")).contains("orders").contains("42");
    }

    @Test
    void whatWasAnsweredCanBeRead() {
        String id = node.publish("read", "x");
        assertThat(events("read"))
                .singleElement()
                .satisfies(event -> assertThat(event)
                        .containsEntry("id", id)
                        .containsEntry("topic", "read")
                        .containsEntry("event", "message")
                        .containsEntry("data", "x"));
    }

    @Test
    void anIdOfThePublishersOwnIsTheAnswer() {
        assertThat(node.publish("named?id=order-42.paid", "x")).isEqualTo("order-42.paid");
        assertThat(events("named").get(0)).containsEntry("id", "order-42.paid");
    }

    @Test
    void lineBreaksBecomeLf() {
        node.publish("breaks", "a\r\nb\rc\nd\r\n");
        assertThat(events("breaks").get(0)).containsEntry("data", "a\nb\nc\nd\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\n", "ü", "\ud83c\udfba", "\ufeffbom", "a\0b"})
    void anyTextIsData(String data) {
        node.publish("text", data);
        List<Map<String, Object>> all = events("text");
        assertThat(all.get(all.size() - 1)).containsEntry("data", data);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ff", "c3", "c3 28", "ed a0 80", "f5 80 80 80", "c0 80", "61 80", "e2 82"})
    void dataThatIsNoTextIsRefused(String bytes) {
        byte[] body = HexFormat.ofDelimiter(" ").parseHex(bytes);
        try (Wire wire = node.connect()) {
            String head = Wire.request("POST", "/topics/binary", "Content-Length: " + body.length);
            wire.send(head).send(body).answer().isProblem(400, "UTF-8", "base64");
        }
        assertThat(events("binary")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"%0A", "a%0Ab", "a%0D", "%00", "fanfare-open", "fanfare-", "fanfare-x"})
    void aTypeThatCouldBreakTheFormatOrIsReservedIsRefused(String type) {
        node.post("/topics/types?event=" + type, "x").isProblem(400);
        assertThat(events("types")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "fanfare", "Fanfare-x", "order paid", "%C3%BC", ":", "data: x"})
    void anyOtherTypeIsTaken(String type) {
        node.post("/topics/free?event=" + type.replace(" ", "%20"), "x").has(201);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a b",
                "a\"",
                "(",
                ")",
                ":",
                "<",
                ">",
                "?",
                "@",
                "[",
                "\\",
                "]",
                "{",
                "}",
                "é",
                "\n",
                "\r",
                "\0",
                "\u007f",
                "\t",
                "1763683200000-7",
                "0-0"
            })
    void anIdThatClientsCannotSendBackIsRefused(String id) {
        node.post("/topics/ids?id=" + TestNode.encode(id), "x").isProblem(400, "id");
        assertThat(events("ids")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "!#$%&'*+,-./;=^_`|~", "0", "1-", "-1", "1-1-1", "A1b2"})
    void anyOtherPrintableAsciiIsAnId(String id) {
        assertThat(node.publish("good-ids?id=" + TestNode.encode(id), "x")).isEqualTo(id);
    }

    @Test
    void anIdHasAtMost128Bytes() {
        node.post("/topics/long?id=" + "a".repeat(128), "x").has(201);
        node.post("/topics/long?id=" + "a".repeat(129), "x").isProblem(400, "128");
    }

    @ParameterizedTest
    @ValueSource(strings = {"499", "3600001", "0", "-1", "x", "99999999999999999999", "1e3"})
    void aReconnectionTimeOutOfRangeIsRefusedWithTheRange(String retry) {
        Answer refused = node.post("/topics/retry?retry=" + retry, "x").isProblem(400, "retry", "500");
        assertThat(refused.string("detail").replaceAll("[,_ ]", "")).contains("3600000");
    }

    @ParameterizedTest
    @ValueSource(strings = {"500", "3600000"})
    void aReconnectionTimeInRangeIsTaken(String retry) {
        node.post("/topics/retry?retry=" + retry, "x").has(201);
    }

    @Test
    void alsoPublishesTheSameEventToFurtherTopics() {
        String id = node.publish("canonical?also=second&also=third", "x");
        for (String topic : List.of("canonical", "second", "third")) {
            assertThat(events(topic))
                    .as(topic)
                    .singleElement()
                    .satisfies(
                            event -> assertThat(event).containsEntry("id", id).containsEntry("topic", "canonical"));
        }
        assertThat(node.page("from=start&topic=second&topic=third&topic=canonical")
                        .objects("events"))
                .hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a//b", "*", "@me", "", "a/../b", "%0A"})
    void aBadFurtherTopicRefusesTheWhole(String also) {
        node.post("/topics/whole?also=" + also, "x").isProblem(400);
        assertThat(events("whole")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"evnt=a", "events=a", "idd=1", "als=b", "retri=500"})
    void aParameterOneEditFromAKnownOneIsRefused(String parameter) {
        node.post("/topics/typo?" + parameter, "x").isProblem(400, parameter.substring(0, parameter.indexOf('=')));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"text/plain", "application/json", "application/octet-stream", "application/x-www-form-urlencoded"
            })
    void theBodyIsTheDataWhateverItsType(String type) {
        node.post("/topics/any", "a=1", "Content-Type: " + type).has(201);
        List<Map<String, Object>> all = events("any");
        assertThat(all.get(all.size() - 1)).containsEntry("data", "a=1");
    }

    @Test
    void anEventAsLargeAsMayBeIsTakenAndOneByteMoreRefused() {
        node.publish("large", "x".repeat(100_000));
        node.post("/topics/large", "x".repeat(100_001)).isProblem(413, "100000");
    }

    @Test
    void theSameKeyPublishesOnce() {
        String first = node.post("/topics/keys", "x", "Idempotency-Key: k1").string("id");
        Answer again = node.post("/topics/keys", "x", "Idempotency-Key: k1");
        assertThat(again.status()).isBetween(200, 201);
        assertThat(again.string("id")).isEqualTo(first);
        assertThat(events("keys")).hasSize(1);
    }

    @Test
    void theSameKeyWithOtherDataIsAConflict() {
        node.post("/topics/conflict", "x", "Idempotency-Key: k1").has(201);
        node.post("/topics/conflict", "y", "Idempotency-Key: k1").isProblem(409);
        assertThat(events("conflict")).hasSize(1);
    }

    @Test
    void aKeyIsOfItsCanonicalTopic() {
        node.post("/topics/scope/1", "x", "Idempotency-Key: k1").has(201);
        node.post("/topics/scope/2", "y", "Idempotency-Key: k1").has(201);
        assertThat(node.page("from=start&topic=scope/*").objects("events")).hasSize(2);
    }

    @Test
    void theSameKeyOnManyConnectionsAtOnceIsPublishedOnce() {
        List<Wire> wires = Stream.generate(node::connect).limit(8).toList();
        for (Wire wire : wires) {
            wire.post("/topics/race", "x", "Idempotency-Key: k1");
        }
        List<String> ids =
                wires.stream().map(wire -> wire.answer().string("id")).toList();
        wires.forEach(Wire::close);
        assertThat(ids).as("all the first one's").containsOnly(ids.get(0));
        assertThat(events("race")).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/a",
                "a/",
                "a//b",
                ".",
                "..",
                "a/./b",
                "a/../b",
                "*",
                "a/*",
                "**",
                "a*b",
                "a%00b",
                "a%0Ab",
                "a%7Fb",
                "@me",
                "@x",
                "@all/x",
                "a%2F",
                "%2Fa",
                "a%2F%2Fb",
                "%2E%2E",
                "a%2F..%2Fb",
                "",
                "a%C2%85b",
                "%40me"
            })
    void aTopicThatIsNoneIsRefused(String topic) {
        Answer refused = node.post("/topics/" + topic, "x");
        if (topic.isEmpty()) {
            assertThat(refused.status()).isIn(400, 404);
        } else {
            refused.isProblem(400);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"a", "a/b/c", "a b", "ü/日本", "...", "a/.b", "a.b", "x@y", "a/@b", "%", "a:b", "~", "\"", "@all"})
    void aTopicThatIsOneIsTakenAndComesBackAsItWas(String topic) {
        String path = TestNode.encode(topic);
        node.post("/topics/" + path, "x").has(201);
        assertThat(node.publish(path.replace("%2F", "/"), "y")).isNotEmpty();
        if (!topic.equals("@all")) {
            List<Map<String, Object>> events = events(path);
            assertThat(events).as("%s and %%2F are one topic", topic).hasSizeGreaterThanOrEqualTo(2);
            assertThat(events).extracting(event -> event.get("topic")).containsOnly(topic);
        }
    }

    @Test
    void aTopicHasAtMost512Bytes() {
        node.post("/topics/" + "a".repeat(512), "x").has(201);
        node.post("/topics/" + "a".repeat(513), "x").isProblem(400, "512");
        node.post("/topics/" + "%C3%BC".repeat(256), "x").has(201);
        node.post("/topics/" + "%C3%BC".repeat(257), "x").isProblem(400, "512");
    }

    @Test
    void thePathIsDecodedOnce() {
        node.publish("a%2525b", "x");
        assertThat(events("a%2525b").get(0)).containsEntry("topic", "a%25b");
    }

    @Test
    void aPlusInThePathIsAPlus() {
        node.publish("a+b", "x");
        assertThat(events("a%2Bb").get(0)).containsEntry("topic", "a+b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"%", "%4", "%zz", "a%", "%ff", "%C3", "%ED%A0%80", "%C0%AF"})
    void aPathThatDecodesToNoTextIsRefused(String topic) {
        node.post("/topics/" + topic, "x").isProblem(400);
    }

    @Test
    void dataSplitOverManyWritesIsOneEvent() {
        byte[] bytes = "für \ud83c\udfba".getBytes(StandardCharsets.UTF_8);
        try (Wire wire = node.connect()) {
            wire.send(Wire.request("POST", "/topics/split", "Content-Length: " + bytes.length));
            for (byte one : bytes) {
                wire.send(new byte[] {one});
            }
            wire.answer().has(201);
        }
        assertThat(events("split").get(0)).containsEntry("data", "für \ud83c\udfba");
    }
}
