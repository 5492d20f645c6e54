package dev.fanfare.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Coverage-guided fuzzing of the parser against {@link ReferenceParser}. An ordinary build runs the seeds below and what earlier
 * findings left in this class's resources; with {@code JAZZER_FUZZ=1} in the environment it searches for {@code maxDuration}, or
 * for {@code -Djazzer.max_duration}, and a finding fails the build.
 */
class EventParserFuzzTest {
    private static final int LARGE = 1 << 20;
    private static final int SMALL = 24;
    private static final int LONGEST = 512; // longer streams have nothing new, and cost tries

    @MethodSource("seeds")
    @DictionaryEntries({ // in libFuzzer's own escapes
        "data: ",
        "event: ",
        "id: ",
        "retry: ",
        "topic: ",
        "\\x0A\\x0A",
        "\\x0D\\x0A",
        "\\x0D\\x0D",
        "\\xEF\\xBB\\xBF",
        "9223372036854775807"
    })
    @FuzzTest(maxDuration = "5m")
    void anyBytesInAnyChunksGiveWhatTheReferenceGivesP1ToP14(byte[] stream) {
        if (stream.length > LONGEST) {
            return;
        }
        Heard expected = ReferenceParser.parse(stream, "0");

        assertThat(Heard.whole(stream, "0")).as("whole").isEqualTo(expected);
        assertThat(Heard.byteByByte(stream, "0", LARGE)).as("byte by byte").isEqualTo(expected);
        int[] ends = chunks(stream);
        assertThat(Heard.inChunks(stream, "0", LARGE, ends)).as("in chunks").isEqualTo(expected);

        Heard bounded = Heard.inChunks(stream, "0", SMALL, stream.length);
        assertThat(Heard.byteByByte(stream, "0", SMALL))
                .as("bounded, byte by byte")
                .isEqualTo(bounded);
        assertThat(Heard.inChunks(stream, "0", SMALL, ends))
                .as("bounded, in chunks")
                .isEqualTo(bounded);

        for (Object call : expected.calls()) {
            if (call instanceof Heard.Dispatched dispatched) {
                byte[] again = EventEncoder.encode(dispatched.event(), dispatched.topic());
                assertThat(Heard.whole(again, "").calls())
                        .as("encoded and parsed again")
                        .endsWith(call);
            }
        }
    }

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "",
                        "\uFEFF",
                        "\uFEFF\uFEFFdata: a\n\n",
                        "\uFEFF\r\n\rdata:a\r\rdata\n\n",
                        ": comment\nid: 1\nevent: t\nretry: 5\ntopic: a/b\ndata: one\ndata: two\n\n",
                        "id: 1\0\nid:2\n\nid\n\ndata:  x\n\n",
                        "retry: 99999999999999999999\nretry: 007\nretry:\nretry: -1\n",
                        "data: \u00E9\u20AC\uD83D\uDE00\u2028\r\ndata\r\n\r\n",
                        "data: a\n\nid: 9\ndata: unfinished")
                .map(text -> text.getBytes(UTF_8));
    }

    /** Chunks of 1 to 16 bytes, by the bytes themselves so that a finding repeats. */
    private static int[] chunks(byte[] stream) {
        int[] ends = new int[stream.length + 1];
        int count = 0;
        int hash = stream.length;
        for (int at = 0; at < stream.length; ) {
            hash = hash * 31 + stream[at];
            at = Math.min(stream.length, at + 1 + (hash >>> 3 & 15));
            ends[count++] = at;
        }
        return Arrays.copyOf(ends, count);
    }
}
