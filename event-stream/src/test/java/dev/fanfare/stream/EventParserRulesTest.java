package dev.fanfare.stream;

import static dev.fanfare.stream.Heard.everyWay;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The parsing rules of "Server-sent events", P1 to P14, each under every chunking that {@link Heard#everyWay} tries. */
class EventParserRulesTest {
    private static final String BOM = "\uFEFF";

    // the first four are tables 3-8 to 3-11 of the Unicode standard
    @ParameterizedTest
    @CsvSource({
        "C0 AF E0 80 BF F0 81 82 41, ????????A",
        "ED A0 80 ED BF BF ED AF 41, ????????A",
        "F4 91 92 93 FF 41 80 BF 42, ?????A??B",
        "E1 80 E2 F0 91 92 F1 BF 41, ????A",
        "ED A0 80, ???",
        "F0 90, ?",
        "E2 82, ?",
        "C2, ?",
        "C1 BF, ??",
        "F5 80 80 80, ????",
        "F8 88 80 80 80, ?????",
        "E0 9F 80, ???",
        "F4 90 80 80, ????",
        "FE FF, ??",
        "C2 C2 A9, ?\u00A9",
        "F0 9F 98 F0 9F 98 80, ?\uD83D\uDE00",
    })
    void p1BadBytesBecomeOneReplacementForEachMaximalSubpart(String hex, String expected) {
        byte[] value = HexFormat.ofDelimiter(" ").parseHex(hex);
        String prefix = "data: <";
        String stream = prefix + new String(value, ISO_8859_1) + ">\n\n";

        Heard heard = everyWay(stream.getBytes(ISO_8859_1), "");

        assertThat(heard.data()).containsExactly("<" + expected.replace('?', '\uFFFD') + ">");
    }

    @Test
    void p1ACutSequenceEndsAtTheLineEndAndDoesNotSwallowIt() {
        byte[] stream = "data: a\u00F0\u009F\r\ndata: b\u00E2\n\n".getBytes(ISO_8859_1);

        assertThat(everyWay(stream, "").data()).containsExactly("a\uFFFD\nb\uFFFD");
    }

    @Test
    void p1SequencesOfEveryLengthAreReadAcrossChunks() {
        String text = "\u007F\u0080\u07FF\u0800\uD7FF\uE000\uFFFF\uD800\uDC00\uDBFF\uDFFF";

        Heard heard = everyWay("event: " + text + "\nid: " + text + "\ntopic: " + text + "\ndata: " + text + "\n\n");

        assertThat(heard.calls())
                .containsExactly(new Heard.Dispatched(new Event(text, text, text, Event.NO_RETRY), text));
    }

    @Test
    void p2OneLeadingByteOrderMarkIsStripped() {
        assertThat(everyWay(BOM + "data: a\n\n").data()).containsExactly("a");
        assertThat(everyWay(BOM + "\ndata: a\n\n").data()).containsExactly("a");
        assertThat(everyWay(BOM + ":c\n").comments()).containsExactly("c");
    }

    @Test
    void p2ASecondOrLaterByteOrderMarkIsData() {
        assertThat(everyWay(BOM + BOM + "data: a\n\n").data()).isEmpty();
        assertThat(everyWay("\n" + BOM + "data: a\n\n").data()).isEmpty();
        assertThat(everyWay("data: " + BOM + "a" + BOM + "\n\n").data()).containsExactly(BOM + "a" + BOM);
    }

    @Test
    void p2PartOfAByteOrderMarkIsNoMark() {
        assertThat(everyWay("\u00EF\u00BBdata: a\n\n".getBytes(ISO_8859_1), "").data())
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r", "\r\n"})
    void p3CrLfAndCrlfEndALine(String eol) {
        Heard heard = everyWay(String.join(eol, "data: a", "data: b", "", "data: c", "", ""));

        assertThat(heard.data()).containsExactly("a\nb", "c");
    }

    @Test
    void p3LineEndsMayBeMixed() {
        assertThat(everyWay("data: a\rdata: b\ndata: c\r\ndata: d\r\rdata: e\n\r\ndata: f\r\n\rdata: g\n\n")
                        .data())
                .containsExactly("a\nb\nc\nd", "e", "f", "g");
    }

    @Test
    void p3LfBeforeCrIsTwoLineEnds() {
        assertThat(everyWay("data: a\n\rdata: b\n\n").data()).containsExactly("a", "b");
    }

    @Test
    void p3ALoneCrActsAtOnceAndTheLfOfTheNextChunkIsSwallowed() {
        Heard.Recorder recorder = new Heard.Recorder();
        EventParser parser = new EventParser(recorder, 100);

        feed(parser, "data: a\r\r");
        assertThat(recorder.calls).as("before the next byte is there").hasSize(1);

        feed(parser, "\ndata: b\n\n");
        assertThat(new Heard(recorder.calls, "").data()).containsExactly("a", "b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u2028", "\u2029", "\u0085", "\u000B", "\f", "\0", "\u001E"})
    void p3NothingElseEndsALine(String other) {
        assertThat(everyWay("data: a" + other + "data: b\n\n").data()).containsExactly("a" + other + "data: b");
    }

    @Test
    void p4ABlankLineDispatches() {
        assertThat(everyWay("data: a\n\n\n\ndata: b\n\n").data()).containsExactly("a", "b");
    }

    @Test
    void p4ALineOfSpacesIsNotBlank() {
        assertThat(everyWay("data: a\n \ndata: b\n\n").data()).containsExactly("a\nb");
    }

    @Test
    void p5ALineThatStartsWithAColonIsAComment() {
        Heard heard = everyWay(":\n: hb\n:  data: no\ndata: a\n:data: x\n\n");

        assertThat(heard.comments()).containsExactly("", "hb", " data: no", "data: x");
        assertThat(heard.data()).containsExactly("a");
    }

    @Test
    void p6TheNameEndsAtTheFirstColon() {
        assertThat(everyWay("data:a:b: c\n\n").data()).containsExactly("a:b: c");
    }

    @Test
    void p6ALineWithoutColonIsANameWithAnEmptyValue() {
        Heard heard = everyWay("event: x\nid: 1\n\nevent\ndata\nid\n\n");

        assertThat(heard.events()).containsExactly(new Event("message", "", "", Event.NO_RETRY));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Data",
                "DATA",
                " data",
                "data ",
                "\tdata",
                "dat",
                "datas",
                "data\0",
                "\0data",
                "d\u00E4ta",
                "x",
                "field"
            })
    void p6NamesAreComparedLiterallyAndOthersAreIgnored(String name) {
        assertThat(everyWay(name + ": a\n\n").data()).isEmpty();
        assertThat(everyWay(name + ": a\ndata: b\n\n").data()).containsExactly("b");
    }

    @Test
    void p7OnlyOneSpaceAfterTheColonIsRemoved() {
        assertThat(everyWay("data:a\ndata: b\ndata:  c\ndata:\td\ndata:\u00A0e\ndata: f \n\n")
                        .data())
                .containsExactly("a\nb\n c\n\td\n\u00A0e\nf ");
    }

    @Test
    void p7TheSpaceGoesFromEveryFieldAndFromAnEmptyValue() {
        Heard heard = everyWay("event:  x\nid:  1\ntopic:  t\ndata: \ndata:  \n\n");

        assertThat(heard.calls())
                .containsExactly(new Heard.Dispatched(new Event(" x", "\n ", " 1", Event.NO_RETRY), " t"));
    }

    @Test
    void p8DataLinesAreJoinedByLfAndOnlyOneTrailingLfIsRemoved() {
        assertThat(everyWay("data: a\ndata: b\n\ndata: c\ndata:\n\ndata:\ndata:\n\n")
                        .data())
                .containsExactly("a\nb", "c\n", "\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"data", "data:", "data: "})
    void p8OneEmptyDataLineIsAnEventWithEmptyData(String line) {
        assertThat(everyWay(line + "\n\n").data()).containsExactly("");
    }

    @Test
    void p8ABlockWithoutDataDispatchesNothingAndClearsTheType() {
        Heard heard = everyWay("event: x\nid: 1\nretry: 5\ntopic: t\n\ndata: a\n\n");

        assertThat(heard.calls())
                .containsExactly(
                        new Heard.Retry(5), new Heard.Dispatched(new Event("message", "a", "1", Event.NO_RETRY), null));
    }

    @Test
    void p9TheLastEventFieldOfABlockIsItsType() {
        assertThat(everyWay("event: x\nevent: y\ndata: a\n\n").events())
                .containsExactly(new Event("y", "a", "", Event.NO_RETRY));
    }

    @Test
    void p9AnEmptyTypeIsMessage() {
        assertThat(everyWay("event: x\nevent:\ndata: a\n\nevent\ndata: b\n\n").events())
                .extracting(Event::type)
                .containsExactly("message", "message");
    }

    @Test
    void p9TheTypeIsNotCarriedOver() {
        assertThat(everyWay("event: x\ndata: a\n\ndata: b\n\n").events())
                .extracting(Event::type)
                .containsExactly("x", "message");
    }

    @Test
    void p10TheIdStaysUntilAnotherIsSet() {
        Heard heard = everyWay("id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\n");

        assertThat(heard.events()).extracting(Event::id).containsExactly("1", "1", "2");
        assertThat(heard.lastEventId()).isEqualTo("2");
    }

    @Test
    void p10AnEmptyIdClearsIt() {
        assertThat(everyWay("id: 1\ndata: a\n\nid\ndata: b\n\n").events())
                .extracting(Event::id)
                .containsExactly("1", "");
        assertThat(everyWay("id: 1\ndata: a\n\nid:\n\n").lastEventId()).isEmpty();
    }

    @Test
    void p10AnIdWithNulIsIgnoredAndAnEarlierOneOfTheBlockKept() {
        Heard heard = everyWay("id: 1\nid: 2\0\ndata: a\n\nid: \0\ndata: b\n\nid: 3\0x\nid: 4\ndata: c\n\n");

        assertThat(heard.events()).extracting(Event::id).containsExactly("1", "1", "4");
    }

    @Test
    void p10EveryBlankLineCommitsTheIdEvenWithoutData() {
        assertThat(everyWay("id: 1\n\n").lastEventId()).isEqualTo("1");
        assertThat(everyWay("id: 1\n\n").calls()).isEmpty();
        assertThat(everyWay("id: 1\n\ndata: a\n\n").events())
                .containsExactly(new Event("message", "a", "1", Event.NO_RETRY));
    }

    @Test
    void p10TheLastIdOfABlockCountsWhereverItStands() {
        assertThat(everyWay("id: 1\ndata: a\nid: 2\n\n").events())
                .extracting(Event::id)
                .containsExactly("2");
    }

    @Test
    void p10AConnectionStartsWithTheIdItIsGiven() {
        Heard heard = everyWay("data: a\n\nid: 8\ndata: b\n\n".getBytes(UTF_8), "7");

        assertThat(heard.events()).extracting(Event::id).containsExactly("7", "8");
    }

    @Test
    void p11DigitsSetTheReconnectionTimeAtTheirLine() {
        Heard heard = everyWay("retry: 5\nretry:007\ndata: a\nretry: 9223372036854775807\n");

        assertThat(heard.calls())
                .containsExactly(new Heard.Retry(5), new Heard.Retry(7), new Heard.Retry(Long.MAX_VALUE));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-1",
                "+1",
                "1.5",
                "1e3",
                " 1",
                "1 ",
                "0x10",
                "1000ms",
                "\u0661",
                "\uFF11",
                "1\0",
                "9223372036854775808",
                "99999999999999999999999999"
            })
    void p11AnythingElseIsIgnoredAndSoIsWhatALongCannotHold(String value) {
        assertThat(everyWay("retry: " + value + "\n").retries()).isEmpty();
    }

    @Test
    void p11LeadingZerosDoNotCount() {
        assertThat(everyWay("retry: 000000000000000000000000012\n").retries()).containsExactly(12L);
    }

    @Test
    void p11AnEventHasTheReconnectionTimeOfItsOwnBlock() {
        assertThat(everyWay("retry: 5\nretry: 6\nretry: x\ndata: a\n\ndata: b\n\n")
                        .events())
                .extracting(Event::retry)
                .containsExactly(6L, Event.NO_RETRY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "data: b",
                "data: b\n",
                "event: x\ndata: b\n",
                "id: 2",
                "id: 2\n",
                "id: 2\ndata: b\r\n",
                "id: 2\nx"
            })
    void p12WhatIsUnfinishedAtTheEndIsDropped(String unfinished) {
        Heard heard = everyWay("id: 1\ndata: a\n\n" + unfinished);

        assertThat(heard.data()).containsExactly("a");
        assertThat(heard.lastEventId()).isEqualTo("1");
    }

    @Test
    void p12TheNextConnectionStartsCleanWithTheLastEventId() {
        Heard.Recorder recorder = new Heard.Recorder();
        EventParser parser = new EventParser(recorder, 1000);

        feed(parser, "id: 1\n\nevent: x\ndata: a\nid: 2\ntopic: t\nretry: 3\ndata: b\r");
        parser.end();
        feed(parser, BOM + "data: c\n\n");

        assertThat(recorder.calls)
                .containsExactly(
                        new Heard.Retry(3), new Heard.Dispatched(new Event("message", "c", "1", Event.NO_RETRY), null));
    }

    @Test
    void p12AnLfThatBeginsTheNextConnectionIsNotSwallowed() {
        Heard.Recorder recorder = new Heard.Recorder();
        EventParser parser = new EventParser(recorder, 1000);

        feed(parser, "data: a\r");
        parser.end();
        feed(parser, "\n" + BOM + "data: b\n\n");

        assertThat(recorder.calls).as("a mark after a blank line is no mark").isEmpty();
    }

    @Test
    void p13AnEventsIdIsTheLastEventIdStringAtItsDispatch() {
        Heard heard = everyWay("data: a\n\nid: 1\n\nid: 2\nid: 3\ndata: b\n\n");

        assertThat(heard.events()).extracting(Event::id).containsExactly("", "3");
    }

    @Test
    void p14DispatchClearsDataTypeAndTopic() {
        Heard heard = everyWay("event: x\ntopic: t\ndata: a\n\n\ndata: b\n\n");

        assertThat(heard.calls())
                .containsExactly(
                        new Heard.Dispatched(new Event("x", "a", "", Event.NO_RETRY), "t"),
                        new Heard.Dispatched(new Event("message", "b", "", Event.NO_RETRY), null));
    }

    @Test
    void aTopicFieldIsReadAndAnEmptyOneIsEmpty() {
        Heard heard = everyWay("topic: a\ntopic: orders/42\ndata: x\n\ntopic\ndata: y\n\n");

        assertThat(heard.calls())
                .extracting(call -> ((Heard.Dispatched) call).topic())
                .containsExactly("orders/42", "");
    }

    private static void feed(EventParser parser, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        parser.feed(bytes, 0, bytes.length);
    }
}
