package dev.fanfare.http;

import dev.fanfare.hub.Publication;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Newline-delimited JSON, an event a line. Lines end in LF or CRLF, the last one also at the end of the body. Blank lines are skipped
 * and not counted, so that a producer may send them to show that it lives, without moving the keys of the lines that follow.
 */
final class NdjsonBody implements StreamedBody {

    private static final int SMALLEST_BUFFER = 1024;
    private static final int LARGEST_KEPT = 64 * 1024;
    /** JSON may write a byte of data as up to three, with all beyond ASCII escaped. */
    private static final int ESCAPED = 3;

    private static final int OTHER_FIELDS = 16 * 1024;

    private final EventObjects objects;
    private final @Nullable String key;
    private final Consumer<Publication> events;
    private final int longestLine;
    private byte[] line = {};
    private int lineLength;
    private long lines;

    NdjsonBody(EventObjects objects, @Nullable String key, int eventBytes, Consumer<Publication> events) {
        this.objects = objects;
        this.key = key;
        this.events = events;
        this.longestLine = longest(eventBytes);
    }

    /** How many bytes of JSON an event of so many bytes of data can need. */
    static int longest(int eventBytes) {
        return (int) Math.min((long) ESCAPED * eventBytes + OTHER_FIELDS, Integer.MAX_VALUE - 8);
    }

    @Override
    public void feed(byte[] bytes, int offset, int length) {
        int end = offset + length;
        int start = offset;
        for (int at = offset; at < end; at++) {
            if (bytes[at] == '\n') {
                if (lineLength == 0) {
                    take(bytes, start, at);
                } else {
                    keep(bytes, start, at);
                    int whole = lineLength;
                    lineLength = 0;
                    take(line, 0, whole);
                    if (line.length > LARGEST_KEPT) {
                        line = new byte[0];
                    }
                }
                start = at + 1;
            }
        }
        keep(bytes, start, end);
    }

    @Override
    public void end() {
        int whole = lineLength;
        lineLength = 0;
        take(line, 0, whole);
    }

    @Override
    public String place(long number) {
        return "line " + number;
    }

    private void keep(byte[] bytes, int from, int to) {
        int length = lineLength + (to - from);
        if (length > longestLine || length < 0) {
            throw new Problem(
                            413,
                            "Line too long",
                            "it has more than the " + longestLine
                                    + " bytes that an event of limits.event-bytes can need; send less, or a link to it")
                    .at(place(lines + 1));
        }
        if (length > line.length) {
            line = Arrays.copyOf(line, (int) Math.min(longestLine, Math.max(SMALLEST_BUFFER, 2L * length)));
        }
        System.arraycopy(bytes, from, line, lineLength, to - from);
        lineLength = length;
    }

    private void take(byte[] bytes, int start, int end) {
        int from = start;
        int to = end;
        while (from < to && isSpace(bytes[from])) {
            from++;
        }
        while (from < to && isSpace(bytes[to - 1])) {
            to--;
        }
        if (from == to) {
            return;
        }
        lines++;
        Publication publication;
        try {
            publication = objects.line(bytes, from, to, key == null ? null : key + "/" + lines);
        } catch (Problem problem) {
            throw problem.at(place(lines));
        }
        events.accept(publication);
    }

    private static boolean isSpace(byte b) {
        return b == ' ' || b == '\r' || b == '\t';
    }
}
