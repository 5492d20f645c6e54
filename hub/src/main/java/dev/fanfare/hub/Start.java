package dev.fanfare.hub;

import java.time.Instant;

/**
 * Where a stream begins when its client names no last event ID.
 *
 * @param kind how to read {@code value}
 * @param value a number of events, or a position
 */
public record Start(Kind kind, long value) {

    /** With the next event. */
    public static final Start NOW = new Start(Kind.NOW, 0);

    /** With the oldest event held. */
    public static final Start OLDEST = new Start(Kind.OLDEST, 0);

    /** With the newest event of each topic. */
    public static final Start LAST = new Start(Kind.LAST, 0);

    /** What a start is told by. */
    public enum Kind {
        /** {@link Start#NOW}. */
        NOW,
        /** {@link Start#OLDEST}. */
        OLDEST,
        /** {@link Start#LAST}. */
        LAST,
        /** {@link Start#newest}. */
        NEWEST,
        /** {@link Start#after}. */
        AFTER,
        /** {@link Start#at}. */
        AT
    }

    /** With the newest events, so many over all selectors together. */
    public static Start newest(int events) {
        if (events < 1) {
            throw new IllegalArgumentException("newest events: " + events + " (expected: at least 1)");
        }
        return new Start(Kind.NEWEST, events);
    }

    /** With the first event after a position. */
    public static Start after(long position) {
        return new Start(Kind.AFTER, position);
    }

    /** With the first event at this time or after it. */
    public static Start at(Instant time) {
        return new Start(Kind.AT, Math.max(1, Position.of(Math.max(0, time.toEpochMilli()), 0) - 1));
    }

    /** Whether a reading from here begins with what is held, and so has no gap by definition. */
    boolean isHistory() {
        return kind == Kind.OLDEST || kind == Kind.LAST || kind == Kind.NEWEST;
    }
}
