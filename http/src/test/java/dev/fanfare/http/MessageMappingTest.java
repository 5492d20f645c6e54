package dev.fanfare.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fanfare.hub.Publication;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages that were not made for a hub, good and hostile. */
class MessageMappingTest {

    private static final int EVENT_BYTES = 1_024;
    private static final List<String> TOPICS = List.of("{topic}", "users/{userId}");

    private static final MessageMapping MAPPING = mapping(TOPICS);

    private static MessageMapping mapping(List<String> topics) {
        return new MessageMapping(topics, "event", "data", "id", EVENT_BYTES);
    }

    private static Publication read(MessageMapping mapping, String message) {
        return mapping.publication("user:events", message.getBytes(StandardCharsets.UTF_8));
    }

    private static Publication read(String message) {
        return read(MAPPING, message);
    }

    private static Problem refused(String message) {
        return catchThrowableOfType(Problem.class, () -> read(message));
    }

    @Test
    void aMessageForAUserGoesToTheTopicOfThatUser() {
        Publication event = read("""
                {"userId": "user_123", "event": "payment_completed", "data": {"amount": 4.20, "currency": "EUR"}, "id": "p-7"}""");

        assertThat(event.topic().name()).isEqualTo("users/user_123");
        assertThat(event.event().type()).isEqualTo("payment_completed");
        assertThat(event.event().data()).isEqualTo("{\"amount\":4.20,\"currency\":\"EUR\"}");
        assertThat(event.event().id()).isEqualTo("p-7");
    }

    @Test
    void aTopicIsTakenAsItIsAndComesBeforeTheUser() {
        Publication event = read("{\"userId\":7,\"topic\":\"orders/42\",\"data\":\"paid\"}");

        assertThat(event.topic().name()).isEqualTo("orders/42");
        assertThat(event.event().data()).isEqualTo("paid");
        assertThat(event.event().type()).isEqualTo("message");
        assertThat(event.event().id()).isNull();
    }

    @Test
    void aMessageWithoutDataIsItsOwnData() {
        Publication event = read(" {\"userId\": 17, \"amount\": 3, \"of\": [1, \"a b\"]}\n");

        assertThat(event.topic().name()).isEqualTo("users/17");
        assertThat(event.event().data()).isEqualTo("{\"userId\":17,\"amount\":3,\"of\":[1,\"a b\"]}");
    }

    @ParameterizedTest
    @CsvSource({
        "../admin, users/..%2Fadmin",
        "a/b, users/a%2Fb",
        "*, users/%2A",
        "**, users/%2A%2A",
        "., users/%2E",
        ".., users/%2E%2E",
        "%2F, users/%252F",
        "a\\nb, users/a%0Ab",
        "a\\u0000b, users/a%00b",
        "@all, users/@all",
        "@me, users/@me",
        "${x}, users/${x}",
        "{topic}, users/{topic}",
        "\\ud83c\\udfba, users/\ud83c\udfba",
    })
    void aUserIsOneLiteralSegmentWhateverItsName(String user, String topic) {
        assertThat(read("{\"userId\":\"" + user + "\"}").topic().name()).isEqualTo(topic);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "hello",
                "[]",
                "[{\"topic\":\"a\"}]",
                "null",
                "17",
                "{",
                "{\"topic\":\"a\"",
                "{\"topic\":\"a\"} {}",
                "{'topic':'a'}",
                "{\"topic\":\"a\",}",
                "{}",
                "{\"data\":1}",
                "{\"topic\":null}",
                "{\"topic\":\"\"}",
                "{\"topic\":\"a//b\"}",
                "{\"topic\":\"a/../b\"}",
                "{\"topic\":\"a/*\"}",
                "{\"topic\":\"**\"}",
                "{\"topic\":\"a\\nb\"}",
                "{\"topic\":\"@me\"}",
                "{\"topic\":\"@me/x\"}",
                "{\"topic\":\"@all\"}",
                "{\"topic\":{}}",
                "{\"topic\":[\"a\"]}",
                "{\"topic\":true}",
                "{\"topic\":\"a\",\"topic\":\"b\"}",
                "{\"userId\":\"\"}",
                "{\"userId\":1.5}",
                "{\"userId\":\"\\ud83c\"}",
                "{\"topic\":\"a\",\"event\":\"fanfare-end\"}",
                "{\"topic\":\"a\",\"event\":\"b\\nc\"}",
                "{\"topic\":\"a\",\"event\":{}}",
                "{\"topic\":\"a\",\"id\":\"1-1\"}",
                "{\"topic\":\"a\",\"id\":\"a b\"}",
                "{\"topic\":\"a\",\"data\":\"\\udfba\"}",
                "{\"topic\":\"a\",\"data\":1,\"data\":2}",
                "{\"topic\":\"a\",\"data\":\"\\u0000\"}\u0000",
            })
    void whatIsNoEventIsRefusedWithAReasonThatHoldsNothingOfIt(String message) {
        Problem problem = refused(message);

        assertThat(problem).as(message).isNotNull();
        assertThat(problem.status()).isEqualTo(400);
        assertThat(problem.title()).matches("[A-Za-z8 -]+");
    }

    @Test
    void bytesThatAreNoTextAreRefused() {
        byte[] message = "{\"topic\":\"a\",\"data\":\"\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1);

        assertThatThrownBy(() -> MAPPING.publication("c", message))
                .isInstanceOf(Problem.class)
                .hasMessageContaining("No JSON in UTF-8");
    }

    @Test
    void aUserOrTopicThatIsTooLongIsRefused() {
        assertThat(read("{\"userId\":\"" + "x".repeat(250) + "\"}").topic().name())
                .hasSize(256);
        assertThat(refused("{\"userId\":\"" + "x".repeat(251) + "\"}").status()).isEqualTo(400);
        assertThat(refused("{\"userId\":" + "1".repeat(100_000) + "}").status()).isEqualTo(413);
        assertThat(refused("{\"topic\":\"" + "x".repeat(513) + "\"}").status()).isEqualTo(400);
    }

    @Test
    void anEventHasNoMoreDataThanItMay() {
        String most = "x".repeat(EVENT_BYTES);
        assertThat(read("{\"topic\":\"a\",\"data\":\"" + most + "\"}").event().data())
                .isEqualTo(most);
        assertThat(refused("{\"topic\":\"a\",\"data\":\"" + most + "x\"}").status())
                .isEqualTo(413);
        assertThat(refused("{\"topic\":\"a\",\"other\":\"" + most + "\"}").status())
                .isEqualTo(413);
        assertThat(refused("x".repeat(1 << 20)).status()).isEqualTo(413);
    }

    @Test
    void nestingHasAnEnd() {
        assertThat(refused("{\"topic\":\"a\",\"x\":" + "[".repeat(1_500) + "]".repeat(1_500) + "}")
                        .status())
                .isEqualTo(400);
    }

    @Test
    void theMappingIsConfigured() {
        MessageMapping mapping = new MessageMapping(
                List.of("tenants/{tenant}/orders/{order}", "{channel}"), "kind", "payload", "uuid", EVENT_BYTES);

        Publication order = read(
                mapping,
                "{\"tenant\":\"a/b\",\"order\":42,\"kind\":\"paid\",\"payload\":[1, 2],\"uuid\":\"u1\",\"data\":{}}");
        assertThat(order.topic().name()).isEqualTo("tenants/a%2Fb/orders/42");
        assertThat(order.event().type()).isEqualTo("paid");
        assertThat(order.event().data()).isEqualTo("[1,2]");
        assertThat(order.event().id()).isEqualTo("u1");
        assertThat(read(mapping, "{\"tenant\":\"t\"}").topic().name()).isEqualTo("user:events");
    }

    @Test
    void onlyATemplateThatSaysSoReachesAll() {
        assertThat(read(mapping(List.of("@all")), "{}").topic().name()).isEqualTo("@all");
        assertThatThrownBy(() -> read(mapping(List.of("{a}{b}")), "{\"a\":\"@\",\"b\":\"all\"}"))
                .isInstanceOf(Problem.class);
        assertThatThrownBy(() -> MAPPING.publication("@all", "{}".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(Problem.class);
        assertThatThrownBy(
                        () -> mapping(List.of("{channel}")).publication("@all", "{}".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(Problem.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a/*", "users/{userId", "users/}", "users/{}", "@{x}", "a//{b}"})
    void aTemplateThatMakesNoTopicIsRefused(String template) {
        assertThatThrownBy(() -> mapping(List.of(template))).isInstanceOf(IllegalArgumentException.class);
    }
}
