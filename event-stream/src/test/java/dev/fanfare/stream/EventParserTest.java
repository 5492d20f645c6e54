package dev.fanfare.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The parser as an object: its bound, its state after a failure, its ways in, and its time. */
class EventParserTest {
    private final Heard.Recorder recorder = new Heard.Recorder();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "data: 345678901",
                ":23456789012345",
                "unknown: 012345",
                "data:1\ndata: 89012",
                "event:12345\ndata:12345",
                "id:12345\ndata:12345",
                "topic:12345\ndata:12345",
                "data: 1234567\ndata"
            })
    void refusesMoreThanItsBoundAtTheSameByteWhateverTheChunks(String stream) {
        byte[] bytes = (":ok\n" + stream + "\n\n").getBytes(UTF_8);
        for (int bound = 1; bound < bytes.length; bound++) {
            Heard whole = Heard.inChunks(bytes, "", bound, bytes.length);
            for (int cut = 1; cut < bytes.length; cut++) {
                assertThat(Heard.inChunks(bytes, "", bound, cut, bytes.length))
                        .as("bound %d, cut before byte %d", bound, cut)
                        .isEqualTo(whole);
            }
            assertThat(Heard.byteByByte(bytes, "", bound)).as("bound %d", bound).isEqualTo(whole);
        }
    }

    @Test
    void holdsAsMuchAsItsBoundAndNotAByteMore() {
        EventParser parser = new EventParser(recorder, 10);
        feed(parser, "data: 6789\n\n");
        assertThat(recorder.calls).hasSize(1);

        assertThatThrownBy(() -> feed(parser, "data: 67890"))
                .isInstanceOf(EventTooLargeException.class)
                .hasMessageContaining("more than 10 bytes");
    }

    @Test
    void manyEventsWithinTheBoundPassInOneChunk() {
        feed(new EventParser(recorder, 10), "data: 6789\n\n".repeat(1000));

        assertThat(recorder.calls).hasSize(1000);
    }

    @Test
    void anIdAsLargeAsTheBoundLeavesRoomForTheNextEvent() {
        EventParser parser = new EventParser(recorder, 10);

        feed(parser, "id:4567890\n\ndata:67890\n\n");

        assertThat(recorder.calls)
                .containsExactly(new Heard.Dispatched(new Event("message", "67890", "4567890", Event.NO_RETRY), null));
    }

    @Test
    void takesNothingAfterTooLargeAnEventUntilEnd() {
        EventParser parser = new EventParser(recorder, 10, "7");
        assertThatThrownBy(() -> feed(parser, "id: 8\ndata: 12345")).isInstanceOf(EventTooLargeException.class);

        assertThatIllegalStateException().isThrownBy(() -> feed(parser, "\n\n")).withMessageContaining("end()");
        parser.end();
        feed(parser, "data: a\n\n");

        assertThat(recorder.calls)
                .containsExactly(new Heard.Dispatched(new Event("message", "a", "7", Event.NO_RETRY), null));
    }

    @Test
    void passesOnWhatTheListenerThrowsAndTakesNothingUntilEnd() {
        List<String> data = new ArrayList<>();
        EventParser parser = new EventParser(
                (event, topic) -> {
                    data.add(event.data());
                    if (event.data().equals("a")) {
                        throw new UnsupportedOperationException("a");
                    }
                },
                100);

        assertThatThrownBy(() -> feed(parser, "id: 1\ndata: a\n\ndata: b\n\n"))
                .isInstanceOf(UnsupportedOperationException.class);
        assertThatIllegalStateException().isThrownBy(() -> feed(parser, "data: c\n\n"));
        assertThat(parser.lastEventId()).isEqualTo("1");

        parser.end();
        feed(parser, "data: d\n\n");
        assertThat(data).containsExactly("a", "d");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void endInsideAListenerDropsTheRestOfTheChunk(boolean direct) {
        List<String> data = new ArrayList<>();
        EventParser[] parser = new EventParser[1];
        parser[0] = new EventParser(
                new EventParser.Listener() {
                    @Override
                    public void event(Event event, @Nullable String topic) {
                        data.add(event.data());
                        parser[0].end();
                    }
                },
                100);
        byte[] bytes = "data: a\r\n\r\ndata: b\n\n".getBytes(UTF_8);
        ByteBuffer chunk = direct ? ByteBuffer.allocateDirect(bytes.length) : ByteBuffer.allocate(bytes.length);

        parser[0].feed(chunk.put(bytes).flip());
        feed(parser[0], "\uFEFFdata: c\n\n");

        assertThat(data).containsExactly("a", "c");
    }

    @Test
    void readsWhatRemainsOfAnyKindOfByteBuffer() {
        byte[] bytes = "xxdata: a\n\ndata: b\n\nyy".getBytes(UTF_8);
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes);
        for (ByteBuffer whole :
                List.of(ByteBuffer.wrap(bytes), direct, ByteBuffer.wrap(bytes).asReadOnlyBuffer())) {
            recorder.calls.clear();
            ByteBuffer part = whole.position(2).limit(bytes.length - 2).slice();
            part.position(9); // the first event, read below
            EventParser parser = new EventParser(recorder, 100);

            parser.feed(part.duplicate().flip());
            parser.feed(part);

            assertThat(new Heard(recorder.calls, "").data()).containsExactly("a", "b");
            assertThat(part.hasRemaining()).isFalse();
        }
    }

    @Test
    void readsOnlyItsPartOfAnArray() {
        byte[] bytes = "data: no\n\ndata: a\n\ndata: no\n\n".getBytes(UTF_8);

        new EventParser(recorder, 100).feed(bytes, 10, 9);

        assertThat(new Heard(recorder.calls, "").data()).containsExactly("a");
    }

    @Test
    void keepsNoReferenceToTheBytes() {
        EventParser parser = new EventParser(recorder, 100);
        byte[] chunk = "data: ab".getBytes(UTF_8);

        parser.feed(chunk, 0, chunk.length);
        Arrays.fill(chunk, (byte) 'x');
        feed(parser, "c\n\n");

        assertThat(new Heard(recorder.calls, "").data()).containsExactly("abc");
    }

    @Test
    void takesTimeLinearInALineThatComesByteByByte() {
        int length = 4_000_000; // a copy for each byte would move 8 TB
        EventParser parser = new EventParser(recorder, 2 * length);
        byte[] one = {'a'};

        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            feed(parser, "data: ");
            for (int i = 0; i < length; i++) {
                parser.feed(one, 0, 1);
            }
            feed(parser, "\n\n");
        });

        assertThat(new Heard(recorder.calls, "").data())
                .singleElement()
                .extracting(String::length)
                .isEqualTo(length);
    }

    @Test
    void takesTimeLinearInTheDataLinesOfAnEvent() {
        int lines = 1_000_000;
        EventParser parser = new EventParser(recorder, 8 * lines);

        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            byte[] line = "data: a\n".getBytes(UTF_8);
            for (int i = 0; i < lines; i++) {
                parser.feed(line, 0, line.length);
            }
            feed(parser, "\n");
        });

        assertThat(recorder.calls).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\nb", "a\rb", "a\0b"})
    void refusesALastEventIdThatNoStreamCanHaveGiven(String id) {
        assertThatIllegalArgumentException().isThrownBy(() -> new EventParser(recorder, 100, id));
    }

    @Test
    void refusesABoundThatHoldsNothing() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EventParser(recorder, 0))
                .withMessageContaining("expected: > 0");
    }

    private static void feed(EventParser parser, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        parser.feed(bytes, 0, bytes.length);
    }
}
