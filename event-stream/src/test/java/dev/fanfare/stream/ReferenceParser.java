package dev.fanfare.stream;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The standard's own algorithm in its own order: decode the whole stream, split it into lines, process each. Slow and plain, to be
 * compared with {@link EventParser}; it shares no code with it.
 */
final class ReferenceParser {
    private final Heard.Recorder heard = new Heard.Recorder();
    private String lastEventIdBuffer;
    private String lastEventId;
    private String data = "";
    private String type = "";
    private @Nullable String topic;
    private long retry = Event.NO_RETRY;

    private ReferenceParser(String lastEventId) {
        this.lastEventIdBuffer = lastEventId;
        this.lastEventId = lastEventId;
    }

    static Heard parse(byte[] stream, String lastEventId) {
        ReferenceParser parser = new ReferenceParser(lastEventId);
        lines(decode(stream)).forEach(parser::process);
        return new Heard(parser.heard.calls, parser.lastEventId);
    }

    private void process(String line) {
        if (line.isEmpty()) {
            dispatch();
            return;
        }
        int colon = line.indexOf(':');
        String field = colon < 0 ? line : line.substring(0, colon);
        String value = colon < 0 ? "" : line.substring(colon + 1);
        if (value.startsWith(" ")) {
            value = value.substring(1);
        }
        switch (field) {
            case "" -> heard.comment(value);
            case "event" -> type = value;
            case "data" -> data += value + "\n";
            case "topic" -> topic = value;
            case "id" -> lastEventIdBuffer = value.indexOf('\0') >= 0 ? lastEventIdBuffer : value;
            case "retry" -> retry(value);
            default -> {}
        }
    }

    private void retry(String value) {
        boolean digits = !value.isEmpty() && value.chars().allMatch(c -> c >= '0' && c <= '9');
        if (digits && new BigInteger(value).bitLength() < Long.SIZE) {
            retry = new BigInteger(value).longValueExact();
            heard.retry(retry);
        }
    }

    private void dispatch() {
        lastEventId = lastEventIdBuffer;
        if (!data.isEmpty()) {
            heard.event(new Event(type, data.substring(0, data.length() - 1), lastEventId, retry), topic);
        }
        data = "";
        type = "";
        topic = null;
        retry = Event.NO_RETRY;
    }

    /** The lines that have ended. */
    private static List<String> lines(String text) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (int i = text.startsWith("\uFEFF") ? 1 : 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\r' || c == '\n') {
                lines.add(line.toString());
                line.setLength(0);
                if (c == '\r' && text.startsWith("\n", i + 1)) {
                    i++;
                }
            } else {
                line.append(c);
            }
        }
        return lines;
    }

    /** The UTF-8 decoder of the Encoding standard, by its variables and steps. */
    static String decode(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        int codePoint = 0;
        int needed = 0;
        int seen = 0;
        int lower = 0x80;
        int upper = 0xBF;
        for (int i = 0; i < bytes.length; i++) {
            int b = bytes[i] & 0xFF;
            if (needed == 0) {
                if (b <= 0x7F) {
                    out.append((char) b);
                } else if (b >= 0xC2 && b <= 0xDF) {
                    needed = 1;
                    codePoint = b & 0x1F;
                } else if (b >= 0xE0 && b <= 0xEF) {
                    lower = b == 0xE0 ? 0xA0 : lower;
                    upper = b == 0xED ? 0x9F : upper;
                    needed = 2;
                    codePoint = b & 0xF;
                } else if (b >= 0xF0 && b <= 0xF4) {
                    lower = b == 0xF0 ? 0x90 : lower;
                    upper = b == 0xF4 ? 0x8F : upper;
                    needed = 3;
                    codePoint = b & 0x7;
                } else {
                    out.append('\uFFFD');
                }
                continue;
            }
            boolean inRange = b >= lower && b <= upper;
            lower = 0x80;
            upper = 0xBF;
            if (!inRange) {
                codePoint = 0;
                needed = 0;
                seen = 0;
                i--; // restore the byte
                out.append('\uFFFD');
                continue;
            }
            codePoint = (codePoint << 6) | (b & 0x3F);
            if (++seen == needed) {
                out.appendCodePoint(codePoint);
                codePoint = 0;
                needed = 0;
                seen = 0;
            }
        }
        return needed == 0 ? out.toString() : out.append('\uFFFD').toString();
    }
}
