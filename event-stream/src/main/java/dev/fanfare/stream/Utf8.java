package dev.fanfare.stream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/**
 * UTF-8 as the Encoding standard has it, where Java's own coders differ: what is malformed becomes one U+FFFD for each maximal
 * subpart (P1; {@code ED A0 80} is three, Java makes it one), and a lone surrogate is written as U+FFFD, not as {@code ?}.
 */
final class Utf8 {
    private static final char REPLACEMENT = '\uFFFD';

    private Utf8() {}

    /** The bytes that {@link #encode} writes for a text. */
    static long length(String text) {
        int chars = text.length();
        long length = chars;
        for (int i = 0; i < chars; i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                length++;
                if (c >= 0x800) {
                    length++;
                    if (pairAt(text, i, chars)) {
                        i++; // four bytes for two chars, as counted by now: 2 + 2
                    }
                }
            }
        }
        return length;
    }

    /** Writes a part of a text that cuts no surrogate pair; returns the end of what it wrote. */
    static int encode(String text, int from, int to, byte[] into, int offset) {
        int at = offset;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                into[at++] = (byte) c;
            } else if (c < 0x800) {
                into[at++] = (byte) (0xC0 | (c >> 6));
                into[at++] = (byte) (0x80 | (c & 0x3F));
            } else if (pairAt(text, i, to)) {
                int point = Character.toCodePoint(c, text.charAt(++i));
                into[at++] = (byte) (0xF0 | (point >> 18));
                into[at++] = (byte) (0x80 | (point >> 12 & 0x3F));
                into[at++] = (byte) (0x80 | (point >> 6 & 0x3F));
                into[at++] = (byte) (0x80 | (point & 0x3F));
            } else {
                char written = Character.isSurrogate(c) ? REPLACEMENT : c;
                into[at++] = (byte) (0xE0 | (written >> 12));
                into[at++] = (byte) (0x80 | (written >> 6 & 0x3F));
                into[at++] = (byte) (0x80 | (written & 0x3F));
            }
        }
        return at;
    }

    /**
     * Reads bytes that no sequence crosses the ends of. A CR, LF, colon or space is never part of a sequence, so a line or a field
     * can be read by itself with the outcome of reading the whole stream.
     */
    static String decode(byte[] bytes, int from, int to) {
        int ascii = from;
        while (ascii < to && bytes[ascii] >= 0) {
            ascii++;
        }
        if (ascii == to) {
            return new String(bytes, from, to - from, ISO_8859_1);
        }
        char[] chars = new char[to - from]; // no sequence has more chars than bytes
        int length = 0;
        for (int i = from; i < ascii; i++) {
            chars[length++] = (char) bytes[i];
        }
        for (int i = ascii; i < to; ) {
            byte lead = bytes[i++];
            if (lead >= 0) {
                chars[length++] = (char) lead;
                continue;
            }
            int trailing = trailing(lead);
            int point = lead & (0x3F >> trailing);
            int wanted = trailing;
            while (wanted > 0 && i < to && continues(lead, bytes[i], wanted == trailing)) {
                point = (point << 6) | (bytes[i++] & 0x3F);
                wanted--;
            }
            if (trailing == 0 || wanted > 0) {
                chars[length++] = REPLACEMENT;
            } else {
                length += Character.toChars(point, chars, length);
            }
        }
        return new String(chars, 0, length);
    }

    private static boolean pairAt(String text, int i, int end) {
        return Character.isHighSurrogate(text.charAt(i)) && i + 1 < end && Character.isLowSurrogate(text.charAt(i + 1));
    }

    /** How many bytes follow a lead byte; 0 for a byte that leads nothing. */
    private static int trailing(byte lead) {
        int value = lead & 0xFF;
        if (value < 0xC2 || value > 0xF4) {
            return 0;
        }
        return value < 0xE0 ? 1 : value < 0xF0 ? 2 : 3;
    }

    /** Whether a byte goes on with a sequence. The first after the lead also rules out overlong forms, surrogates and above U+10FFFF. */
    private static boolean continues(byte lead, byte next, boolean first) {
        int value = next & 0xFF;
        int lowest = 0x80;
        int highest = 0xBF;
        if (first) {
            switch (lead) {
                case (byte) 0xE0 -> lowest = 0xA0;
                case (byte) 0xED -> highest = 0x9F;
                case (byte) 0xF0 -> lowest = 0x90;
                case (byte) 0xF4 -> highest = 0x8F;
                default -> {}
            }
        }
        return value >= lowest && value <= highest;
    }
}
