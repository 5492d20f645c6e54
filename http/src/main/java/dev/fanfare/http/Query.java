package dev.fanfare.http;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A request's query parameters, decoded: percent-encoded UTF-8, {@code +} for a space. */
public final class Query {

    private final Map<String, List<String>> values;

    private Query(Map<String, List<String>> values) {
        this.values = values;
    }

    /**
     * The parameters of a raw query, without the question mark.
     *
     * @throws Problem 400 if it is not percent-encoded UTF-8
     */
    public static Query of(String raw) {
        if (raw.isEmpty()) {
            return new Query(Map.of());
        }
        Map<String, List<String>> values = new LinkedHashMap<>();
        for (int start = 0; start <= raw.length(); ) {
            int end = raw.indexOf('&', start);
            end = end < 0 ? raw.length() : end;
            if (end > start) {
                int equals = raw.indexOf('=', start);
                int nameEnd = equals < 0 || equals > end ? end : equals;
                String value = nameEnd == end ? "" : decode(raw.substring(nameEnd + 1, end), true);
                values.computeIfAbsent(decode(raw.substring(start, nameEnd), true), name -> new ArrayList<>(1))
                        .add(value);
            }
            start = end + 1;
        }
        return new Query(values);
    }

    /**
     * Percent-decodes once.
     *
     * @throws Problem 400 if a percent sign is not followed by two hexadecimal digits, or the bytes are not UTF-8
     */
    public static String decode(String text, boolean plusIsSpace) {
        if (text.indexOf('%') < 0 && (!plusIsSpace || text.indexOf('+') < 0) && isAscii(text)) {
            return text;
        }
        byte[] in = text.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer out = ByteBuffer.allocate(in.length);
        for (int i = 0; i < in.length; i++) {
            if (in[i] == '%') {
                int high = i + 2 < in.length ? Character.digit(in[i + 1], 16) : -1;
                int low = i + 2 < in.length ? Character.digit(in[i + 2], 16) : -1;
                if (high < 0 || low < 0) {
                    throw Problem.badRequest(
                            "'" + text + "' has a % without two hexadecimal digits; write %25 for a percent sign");
                }
                out.put((byte) (high << 4 | low));
                i += 2;
            } else {
                out.put(in[i] == '+' && plusIsSpace ? (byte) ' ' : in[i]);
            }
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(out.flip()).toString();
        } catch (CharacterCodingException e) {
            throw Problem.badRequest("'" + text + "' is not UTF-8 when percent-decoded");
        }
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }

    /** Whether a parameter is there, with a value or without. */
    public boolean has(String name) {
        return values.containsKey(name);
    }

    /** All values of a parameter. */
    public List<String> all(String name) {
        return values.getOrDefault(name, List.of());
    }

    /** A parameter's first value, or null. */
    public @Nullable String first(String name) {
        List<String> all = values.get(name);
        return all == null ? null : all.get(0);
    }

    /** A parameter's value as a number in a range, or what is used without it. */
    public int number(String name, int least, int most, int otherwise) {
        String value = first(name);
        if (value == null) {
            return otherwise;
        }
        try {
            int number = Integer.parseInt(value);
            if (number >= least && number <= most && value.charAt(0) != '+') {
                return number;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw outOfRange(name, value, least, most);
    }

    static Problem outOfRange(String name, String value, int least, int most) {
        return Problem.badRequest(name + "=" + value + " (expected: a number from " + least + " to " + most + ")");
    }

    /**
     * Refuses a parameter that is one edit away from a known one and so most likely meant to be it. Others that are not known are
     * left alone: people add them against caches.
     */
    public void refuseTypos(Set<String> known) {
        for (String name : values.keySet()) {
            refuseTypo("parameter", name, known);
        }
    }

    static void refuseTypo(String what, String name, Set<String> known) {
        if (known.contains(name)) {
            return;
        }
        for (String candidate : known) {
            if (isOneEdit(name, candidate)) {
                throw Problem.badRequest("unknown " + what + " '" + name + "'; did you mean '" + candidate + "'?");
            }
        }
    }

    /** Whether one character inserted, left out, replaced or swapped with the next makes one of the other. */
    static boolean isOneEdit(String one, String other) {
        int shorter = Math.min(one.length(), other.length());
        int start = 0;
        while (start < shorter && one.charAt(start) == other.charAt(start)) {
            start++;
        }
        int end = 0;
        while (end < shorter - start && one.charAt(one.length() - 1 - end) == other.charAt(other.length() - 1 - end)) {
            end++;
        }
        int inOne = one.length() - start - end;
        int inOther = other.length() - start - end;
        boolean swapped = inOne == 2
                && inOther == 2
                && one.charAt(start) == other.charAt(start + 1)
                && one.charAt(start + 1) == other.charAt(start);
        return swapped || Math.max(inOne, inOther) == 1;
    }
}
