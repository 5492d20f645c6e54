package dev.fanfare.hub;

import java.nio.charset.StandardCharsets;

/**
 * A small fact with a name, which every node must know for as long as it holds: a key, a revocation. The newest note of a name replaces
 * those before it; one with an empty value only removes them. Retention of events does not touch notes, and no cursor is given any.
 *
 * @param name what it is about, 1 to {@value #MOST_NAME_BYTES} bytes in UTF-8; the part before the first {@code /} says what kind it is
 * @param value what is so, at most {@value #MOST_VALUE_BYTES} bytes in UTF-8
 * @param until it holds before this time, in milliseconds since 1970; {@link Long#MAX_VALUE} for good
 */
public record Note(String name, String value, long until) implements Entry {

    /** The longest name. */
    public static final int MOST_NAME_BYTES = 512;

    /** The longest value. */
    public static final int MOST_VALUE_BYTES = 4_096;

    /** Checks the bounds. */
    public Note {
        check("name", name, 1, MOST_NAME_BYTES);
        check("value", value, 0, MOST_VALUE_BYTES);
        if (until < 0) {
            throw new IllegalArgumentException("a note until " + until + " (expected: milliseconds since 1970)");
        }
    }

    /** Whether it only removes what was noted before. */
    public boolean isRemoval() {
        return value.isEmpty();
    }

    /** Whether it says anything at this time, in milliseconds since 1970. */
    public boolean holds(long now) {
        return now < until && !isRemoval();
    }

    /** Without the value, which may be a secret. */
    @Override
    public String toString() {
        return "Note[" + name + ", " + value.length() + " characters, until " + until + "]";
    }

    private static void check(String what, String text, int least, int most) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes < least || bytes > most) {
            throw new IllegalArgumentException(
                    "a note's " + what + " of " + bytes + " bytes (expected: " + least + " to " + most + ")");
        }
    }
}
