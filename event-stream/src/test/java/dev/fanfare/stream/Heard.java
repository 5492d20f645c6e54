package dev.fanfare.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a stream brought: each call on the listener in order, and the last event ID after the connection's end. */
record Heard(List<Object> calls, String lastEventId) {

    record Dispatched(Event event, @Nullable String topic) {}

    record Retry(long millis) {}

    record Comment(String text) {}

    /** Stands for the exception that ended the reading, since where it comes must not depend on the chunks either. */
    record TooLarge() {}

    private static final int LARGE = 1 << 20;

    static Heard everyWay(String stream) {
        return everyWay(stream.getBytes(UTF_8), "");
    }

    /** Parses a stream whole, cut in two at every place, and byte by byte; fails unless all agree with the reference. */
    static Heard everyWay(byte[] stream, String lastEventId) {
        Heard expected = ReferenceParser.parse(stream, lastEventId);
        assertThat(whole(stream, lastEventId)).as("whole").isEqualTo(expected);
        for (int cut = 1; cut < stream.length; cut++) {
            assertThat(inChunks(stream, lastEventId, LARGE, cut, stream.length))
                    .as(
                            "cut before byte %d of %s",
                            cut, HexFormat.ofDelimiter(" ").formatHex(stream))
                    .isEqualTo(expected);
        }
        assertThat(byteByByte(stream, lastEventId, LARGE)).as("byte by byte").isEqualTo(expected);
        return expected;
    }

    static Heard whole(byte[] stream, String lastEventId) {
        return inChunks(stream, lastEventId, LARGE, stream.length);
    }

    static Heard byteByByte(byte[] stream, String lastEventId, int maxBuffer) {
        int[] ends = new int[stream.length];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = i + 1;
        }
        return inChunks(stream, lastEventId, maxBuffer, ends);
    }

    /** Parses a stream in chunks that end at the given places, of which the last is the stream's end. */
    static Heard inChunks(byte[] stream, String lastEventId, int maxBuffer, int... ends) {
        Recorder recorder = new Recorder();
        EventParser parser = new EventParser(recorder, maxBuffer, lastEventId);
        int from = 0;
        try {
            for (int end : ends) {
                parser.feed(stream, from, end - from);
                from = end;
            }
        } catch (EventTooLargeException e) {
            recorder.calls.add(new TooLarge());
        }
        parser.end();
        return new Heard(recorder.calls, parser.lastEventId());
    }

    List<Event> events() {
        return of(Dispatched.class).map(Dispatched::event).toList();
    }

    /** The data of the events alone. */
    List<String> data() {
        return events().stream().map(Event::data).toList();
    }

    List<Long> retries() {
        return of(Retry.class).map(Retry::millis).toList();
    }

    List<String> comments() {
        return of(Comment.class).map(Comment::text).toList();
    }

    private <T> Stream<T> of(Class<T> kind) {
        return calls.stream().filter(kind::isInstance).map(kind::cast);
    }

    /** Writes down every call. */
    static final class Recorder implements EventParser.Listener {
        final List<Object> calls = new ArrayList<>();

        @Override
        public void event(Event event, @Nullable String topic) {
            calls.add(new Dispatched(event, topic));
        }

        @Override
        public void retry(long millis) {
            calls.add(new Retry(millis));
        }

        @Override
        public void comment(String text) {
            calls.add(new Comment(text));
        }
    }
}
