package dev.fanfare.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventEncoderTest {

    @Test
    void writesTheFieldsInTheirOrderWithTheIdLast() {
        Event event = new Event("order", "one\ntwo", "1763683200000-7", 3000);

        assertThat(written(event, "orders/42"))
                .isEqualTo(
                        "event: order\nretry: 3000\ntopic: orders/42\ndata: one\ndata: two\nid: 1763683200000-7\n\n");
    }

    @Test
    void leavesOutTheTypeMessageAndWhatTheEventDoesNotHave() {
        assertThat(written(Event.message("a"), null)).isEqualTo("data: a\n\n");
    }

    @Test
    void writesEmptyDataAsAnEmptyDataLineForP8() {
        assertThat(written(Event.message(""), null)).isEqualTo("data: \n\n");
        assertThat(written(Event.message("\n"), null)).isEqualTo("data: \ndata: \n\n");
    }

    @Test
    void writesAnEmptyIdSinceItClearsTheClientsForP10() {
        assertThat(written(Event.message("a").withId(""), null)).isEqualTo("data: a\nid: \n\n");
    }

    @Test
    void keepsLeadingSpacesFromTheOneThatP7Removes() {
        assertThat(written(new Event(" t", " a", " 1", -1), " x"))
                .isEqualTo("event:  t\ntopic:  x\ndata:  a\nid:  1\n\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"one\rtwo", "one\r\ntwo", "one\ntwo"})
    void sendsEveryLineEndInDataAsLf(String data) {
        assertThat(written(Event.message(data), null)).isEqualTo("data: one\ndata: two\n\n");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 9, 10, 99, 100, 1_000_000_007, Long.MAX_VALUE})
    void writesAReconnectionTimeInDecimalForP11(long retry) {
        assertThat(written(new Event("message", "a", null, retry), null))
                .isEqualTo("retry: " + retry + "\ndata: a\n\n");
    }

    @Test
    void writesCharsOfEveryLengthInUtf8() {
        String text = "\0\u007F\u0080\u07FF\u0800\uD7FF\uE000\uFFFF\uD800\uDC00\uDBFF\uDFFF";

        assertThat(written(Event.message(text), null)).isEqualTo("data: " + text + "\n\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\uD800", "\uDC00", "\uDC00\uD800", "\uD800\uD800\uDC00", "\uD800\n\uDC00"})
    void writesALoneSurrogateAsReplacementCharacter(String text) {
        String expected = text.replaceAll("[\uD800-\uDFFF]", "\uFFFD").replace("\n", "\ndata: ");

        assertThat(written(Event.message(text), null)).isEqualTo("data: " + expected + "\n\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\nb", "a\rb", "\r\n"})
    void refusesATopicWithALineBreakAndWritesNothing(String topic) {
        byte[] into = new byte[100];

        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventEncoder.encode(Event.message("a"), topic, into, 0))
                .withMessageContaining("topic");
        assertThatIllegalArgumentException().isThrownBy(() -> EventEncoder.encode(Event.message("a"), topic));
        assertThat(into).containsOnly(0);
    }

    @Test
    void writesAtAnOffsetAndTouchesNothingElse() {
        byte[] into = "0123456789abcdef".getBytes(UTF_8);

        int end = EventEncoder.encode(Event.message("x"), null, into, 3);

        assertThat(new String(into, UTF_8)).isEqualTo("012data: x\n\ncdef");
        assertThat(end).isEqualTo(12);
    }

    @Test
    void refusesAnArrayWithoutRoom() {
        assertThatThrownBy(() -> EventEncoder.encode(Event.message("x"), null, new byte[8], 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    private static String written(Event event, @Nullable String topic) {
        byte[] bytes = EventEncoder.encode(event, topic);
        assertThat(EventEncoder.length(event, topic)).as("length").isEqualTo(bytes.length);
        assertThat(EventEncoder.maxLength(event, topic)).as("maxLength").isGreaterThanOrEqualTo(bytes.length);
        return new String(bytes, UTF_8);
    }
}
