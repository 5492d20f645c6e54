package dev.fanfare.http;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fanfare.auth.Caller;
import dev.fanfare.hub.Publication;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A body is the same events however it is cut, and what is held of it is bounded. */
class StreamedBodyTest {

    private static final int EVENT_BYTES = 1_000;
    private static final String NDJSON = "application/x-ndjson";
    private static final String STREAM = "text/event-stream";

    private final List<Publication> events = new ArrayList<>();

    private StreamedBody body(String type) {
        return requireNonNull(StreamedPublish.of(Caller.OPEN, "orders/42", Query.of(""), type, "k"), "a stream")
                .body(EVENT_BYTES, events::add);
    }

    private List<Publication> inOne(String type, byte[] bytes) {
        events.clear();
        StreamedBody body = body(type);
        body.feed(bytes, 0, bytes.length);
        body.end();
        return List.copyOf(events);
    }

    private static String bodyOf(String type) {
        return type.equals(NDJSON)
                ? "\n{\"data\":\"one\"}\r\n \n{\"event\":\"ü\",\"id\":\"i\",\"data\":{\"a\": [1, \"🎺\"]}}\n{\"data\":\"\",\"key\":\"own\"}"
                : ": hi\n\ndata: one\r\n\r\nevent: ü\rid: i\rdata: {\"a\":\rdata: 🎺}\r\rretry: 700\ndata:\n\n";
    }

    @ParameterizedTest
    @ValueSource(strings = {NDJSON, STREAM})
    void howABodyIsCutMakesNoDifference(String type) {
        byte[] bytes = bodyOf(type).getBytes(StandardCharsets.UTF_8);
        List<Publication> whole = inOne(type, bytes);
        assertThat(whole).hasSize(3).extracting(Publication::key).startsWith("k/1", "k/2");
        Random random = new Random(1);
        for (int round = 0; round < 300; round++) {
            events.clear();
            StreamedBody body = body(type);
            byte[] moved = new byte[bytes.length + 10];
            System.arraycopy(bytes, 0, moved, 7, bytes.length);
            for (int at = 0; at < bytes.length; ) {
                int length = round == 0 ? 1 : 1 + random.nextInt(bytes.length - at);
                body.feed(moved, 7 + at, length);
                at += length;
            }
            body.end();
            assertThat(events).isEqualTo(whole);
        }
    }

    @Test
    void theKeyOfALineIsItsNumberAmongTheLinesThatAreNotBlank() {
        assertThat(inOne(
                        NDJSON,
                        "\n\n{\"data\":1}\n\n{\"data\":2,\"key\":\"own\"}\n{\"data\":3}"
                                .getBytes(StandardCharsets.UTF_8)))
                .extracting(Publication::key)
                .containsExactly("k/1", "own", "k/3");
    }

    @ParameterizedTest
    @ValueSource(strings = {NDJSON, STREAM})
    void anEventThatNeverEndsIsRefusedWhenItHasBecomeTooLarge(String type) {
        StreamedBody body = body(type);
        byte[] start = (type.equals(NDJSON) ? "{\"data\":\"" : "data: ").getBytes(StandardCharsets.UTF_8);
        body.feed(start, 0, start.length);
        byte[] more = "x".repeat(100).getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 1_000; i++) {
                        body.feed(more, 0, more.length);
                    }
                })
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.status()).isEqualTo(413))
                .hasMessageContaining(body.place(1));
        assertThat(events).isEmpty();
    }

    @Test
    void theJsonOfDataIsPassedOnAsItWasWritten() {
        String data =
                "{\"big\":123456789012345678901234567890,\"f\":1.10e+0,\"s\":\" \\\" \\\\ \\u00e9\",\"d\":1,\"d\":2}";
        String spaced = data.replace(",", " ,\t").replace(":", ": ").replace("{", "{ ");
        assertThat(inOne(NDJSON, ("{\"data\":" + spaced + "}").getBytes(StandardCharsets.UTF_8)))
                .extracting(publication -> publication.event().data())
                .containsExactly(data);
    }

    @Test
    void depthIsBounded() {
        String deep = "{\"data\":" + "[".repeat(450) + "]".repeat(450) + "}";
        assertThat(inOne(NDJSON, deep.getBytes(StandardCharsets.UTF_8))).hasSize(1);
        byte[] deeper = ("{\"data\":" + "[".repeat(2_000) + "]".repeat(2_000) + "}").getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> inOne(NDJSON, deeper))
                .isInstanceOf(Problem.class)
                .hasMessageContaining("line 1");
    }
}
