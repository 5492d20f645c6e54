package dev.fanfare.hub;

/**
 * An entry's place in the log: a {@code long} with milliseconds since 1970 in the upper 43 bits and a counter in the lower 20.
 * Positions of one log are strictly increasing, so comparing them as numbers is comparing age. As text, {@code 1763683200000-7},
 * a position is the id of its event.
 */
public final class Position {

    /** Before every entry. Reading from here is reading from the oldest entry there is, and never a gap. */
    public static final long START = 0;

    private static final int COUNTER_BITS = 20;
    private static final long COUNTER_MASK = (1L << COUNTER_BITS) - 1;
    private static final long MAX_MILLIS = (1L << 43) - 1;

    private Position() {}

    /** The position with this time and counter. */
    public static long of(long millis, long counter) {
        if (millis < 0 || millis > MAX_MILLIS || counter < 0 || counter > COUNTER_MASK) {
            throw new IllegalArgumentException("no position: " + millis + "-" + counter);
        }
        return millis << COUNTER_BITS | counter;
    }

    /** The first position that is both after {@code last} and not before the time {@code nowMillis}. */
    public static long next(long last, long nowMillis) {
        return Math.max(last + 1, nowMillis << COUNTER_BITS);
    }

    /** The time in a position, in milliseconds since 1970. */
    public static long millis(long position) {
        return position >>> COUNTER_BITS;
    }

    /** A position as clients see it. */
    public static String text(long position) {
        return millis(position) + "-" + (position & COUNTER_MASK);
    }

    /** Whether a text has the form of a position, digits with one hyphen between; such ids are the log's own. */
    public static boolean isForm(String text) {
        int hyphen = text.indexOf('-');
        return hyphen > 0
                && hyphen < text.length() - 1
                && isDigits(text, 0, hyphen)
                && isDigits(text, hyphen + 1, text.length());
    }

    /** The position a text stands for, or -1 if it is not of that form or out of range. */
    public static long parse(String text) {
        if (!isForm(text) || text.length() > 40) {
            return -1;
        }
        int hyphen = text.indexOf('-');
        long millis = number(text, 0, hyphen, MAX_MILLIS);
        long counter = number(text, hyphen + 1, text.length(), COUNTER_MASK);
        return millis < 0 || counter < 0 ? -1 : of(millis, counter);
    }

    private static boolean isDigits(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    private static long number(String text, int from, int to, long max) {
        long value = 0;
        for (int i = from; i < to; i++) {
            value = value * 10 + (text.charAt(i) - '0');
            if (value > max) {
                return -1;
            }
        }
        return value;
    }
}
