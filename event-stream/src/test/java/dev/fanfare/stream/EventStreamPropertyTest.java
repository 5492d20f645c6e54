package dev.fanfare.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;

/** What holds for all events and all bytes. A failure prints its seed; {@code @Property(seed = ...)} runs it again. */
class EventStreamPropertyTest {
    private static final int LARGE = 1 << 20;

    /** An event and its topic. */
    record Published(Event event, @Nullable String topic) {}

    @Property
    void parsingWhatWasEncodedGivesTheEventP4P6P7P8P9P10P11(@ForAll("published") Published published) {
        byte[] stream = EventEncoder.encode(published.event(), published.topic());

        Heard heard = Heard.whole(stream, "");

        String id = published.event().id();
        Heard.Dispatched expected =
                new Heard.Dispatched(published.event().withId(id == null ? "" : id), published.topic());
        assertThat(heard.calls()).last().isEqualTo(expected);
        assertThat(heard.calls()).hasSize(published.event().retry() == Event.NO_RETRY ? 1 : 2);
    }

    @Property
    void encodedEventsInARowAreParsedInTheirOrderWhateverTheChunksP3P10(
            @ForAll("row") List<Published> row, @ForAll @Size(max = 20) List<@IntRange(max = 1000) Integer> cuts) {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        row.forEach(published -> stream.writeBytes(EventEncoder.encode(published.event(), published.topic())));
        byte[] bytes = stream.toByteArray();

        Heard heard = Heard.inChunks(bytes, "", LARGE, ends(cuts, bytes.length));

        assertThat(heard.data())
                .isEqualTo(
                        row.stream().map(published -> published.event().data()).toList());
        assertThat(heard).isEqualTo(ReferenceParser.parse(bytes, ""));
    }

    @Property
    void anyBytesInAnyChunksGiveWhatTheReferenceGivesP1ToP14(
            @ForAll("streams") byte[] stream,
            @ForAll("ids") String lastEventId,
            @ForAll @Size(max = 20) List<@IntRange(max = 300) Integer> cuts) {
        Heard expected = ReferenceParser.parse(stream, lastEventId);

        assertThat(Heard.whole(stream, lastEventId)).as("whole").isEqualTo(expected);
        assertThat(Heard.byteByByte(stream, lastEventId, LARGE))
                .as("byte by byte")
                .isEqualTo(expected);
        assertThat(Heard.inChunks(stream, lastEventId, LARGE, ends(cuts, stream.length)))
                .as("in chunks")
                .isEqualTo(expected);
    }

    @Property
    void theBoundActsAtTheSameByteWhateverTheChunksP3(
            @ForAll("streams") byte[] stream,
            @ForAll @IntRange(min = 1, max = 60) int maxBuffer,
            @ForAll @Size(max = 20) List<@IntRange(max = 300) Integer> cuts) {
        Heard whole = Heard.inChunks(stream, "", maxBuffer, stream.length);

        assertThat(Heard.byteByByte(stream, "", maxBuffer)).as("byte by byte").isEqualTo(whole);
        assertThat(Heard.inChunks(stream, "", maxBuffer, ends(cuts, stream.length)))
                .as("in chunks")
                .isEqualTo(whole);
    }

    @Property
    void anyBytesAreDecodedAsTheEncodingStandardSaysP1(@ForAll("badUtf8") byte[] bytes) {
        assertThat(Utf8.decode(bytes, 0, bytes.length)).isEqualTo(ReferenceParser.decode(bytes));
    }

    @Property
    void theLengthsHoldForWhatIsWritten(@ForAll("published") Published published) {
        byte[] block = EventEncoder.encode(published.event(), published.topic());
        byte[] into = new byte[EventEncoder.maxLength(published.event(), published.topic()) + 3];

        int end = EventEncoder.encode(published.event(), published.topic(), into, 3);

        assertThat(end - 3)
                .isEqualTo(block.length)
                .isEqualTo(EventEncoder.length(published.event(), published.topic()));
        assertThat(into).endsWith(new byte[into.length - end]).containsSequence(block);
    }

    @Property
    void anyStringIsWrittenAsItsUtf8WithLoneSurrogatesReplaced(@ForAll("anyChars") String text) {
        byte[] written = EventEncoder.encode(Event.message(text));

        String expected = text.replaceAll("\\p{Cs}", "\uFFFD").replaceAll("\r\n|\r|\n", "\ndata: ");
        assertThat(new String(written, UTF_8)).isEqualTo("data: " + expected + "\n\n");
    }

    @Provide
    Arbitrary<List<Published>> row() {
        return published().list().ofMaxSize(6);
    }

    @Provide
    Arbitrary<Published> published() {
        Arbitrary<Long> retries = Arbitraries.oneOf(
                Arbitraries.just(Event.NO_RETRY), Arbitraries.longs().greaterOrEqual(0));
        return Combinators.combine(
                        lines("\0:  x\u00E9\uFEFF").map(type -> type.isEmpty() ? Event.MESSAGE : type),
                        text("\n\n\n\r\0: x\u00E9\uFEFF\u2028"),
                        lines(":  x\u00E9\uFEFF")
                                .map(id -> id.replace("\0", ""))
                                .injectNull(0.3),
                        retries,
                        lines("\0: /x\u00E9").injectNull(0.5))
                .as((type, data, id, retry, topic) -> new Published(new Event(type, data, id, retry), topic));
    }

    @Provide
    Arbitrary<String> ids() {
        return Arbitraries.of("", "7", "\u00E9 \uD83D\uDE00");
    }

    /** Streams of what the format has a meaning for, with some of any bytes between. */
    @Provide
    Arbitrary<byte[]> streams() {
        Arbitrary<byte[]> known = Arbitraries.of(
                        "data",
                        "event",
                        "id",
                        "retry",
                        "topic",
                        "data: x",
                        "data:",
                        "id: 1",
                        "event: t",
                        "retry: 10",
                        ":",
                        ": ",
                        " ",
                        "\n",
                        "\n",
                        "\r",
                        "\r\n",
                        "\n\n",
                        "\0",
                        "\uFEFF",
                        "0",
                        "9223372036854775807",
                        "x",
                        "\u00E9",
                        "\u2028",
                        "\uD83D\uDE00")
                .map(text -> text.getBytes(UTF_8));
        return Arbitraries.frequencyOf(Tuple.of(6, known), Tuple.of(1, badUtf8()))
                .list()
                .ofMaxSize(40)
                .map(EventStreamPropertyTest::joined);
    }

    /** Bytes on and next to each bound of UTF-8's table, in any order. */
    @Provide
    Arbitrary<byte[]> badUtf8() {
        Arbitrary<Byte> telling = Arbitraries.of(
                        0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC,
                        0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF)
                .map(Integer::byteValue);
        return Arbitraries.oneOf(telling, Arbitraries.bytes())
                .array(byte[].class)
                .ofMaxSize(12);
    }

    @Provide
    Arbitrary<String> anyChars() {
        return Arbitraries.strings()
                .withChars('a', '\n', '\r', '\u00E9', '\u20AC', '\uD83D', '\uDE00')
                .withCharRange(Character.MIN_VALUE, Character.MAX_VALUE)
                .ofMaxLength(12);
    }

    private static Arbitrary<String> lines(String likely) {
        return text(likely).map(text -> text.replace("\n", "").replace("\r", ""));
    }

    /** Text without a lone surrogate, which UTF-8 cannot carry. */
    private static Arbitrary<String> text(String likely) {
        Arbitrary<Integer> any = Arbitraries.integers()
                .between(0, Character.MAX_CODE_POINT)
                .filter(point -> point < Character.MIN_SURROGATE || point > Character.MAX_SURROGATE);
        Arbitrary<Integer> chosen = Arbitraries.of(likely.chars().boxed().toList());
        Arbitrary<Integer> ascii = Arbitraries.integers().between(' ', '~');
        return Arbitraries.oneOf(chosen, ascii, any).list().ofMaxSize(30).map(points -> {
            StringBuilder text = new StringBuilder();
            points.forEach(text::appendCodePoint);
            return text.toString();
        });
    }

    private static byte[] joined(List<byte[]> parts) {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        parts.forEach(stream::writeBytes);
        return stream.toByteArray();
    }

    private static int[] ends(List<Integer> cuts, int length) {
        int[] ends = cuts.stream()
                .mapToInt(Integer::intValue)
                .filter(cut -> cut < length)
                .sorted()
                .toArray();
        int[] all = Arrays.copyOf(ends, ends.length + 1);
        all[ends.length] = length;
        return all;
    }
}
