package dev.fanfare.hub;

import java.util.concurrent.ThreadLocalRandom;

/**
 * The reconnection times that clients are told, in ms. At little load a stream is told just what it asked for, or the least; the more
 * loaded the node, the longer the times, each stream's its own, so that those who are cut together come back spread out.
 *
 * <p>Thread-safe.
 */
final class ReconnectionTimes {

    private final long least;
    private final long most;
    /** The longest that is told at the present load. */
    private volatile long longest;

    ReconnectionTimes(long least, long most) {
        this.least = least;
        this.most = most;
        this.longest = least;
    }

    /** How loaded the node is, from 0 to 1. The times grow by the same factor for the same step. */
    void load(double load) {
        double bounded = Math.max(0, Math.min(1, load));
        longest = Math.round(least * Math.pow((double) most / least, bounded));
    }

    /** The longest that is told now. */
    long longest() {
        return longest;
    }

    /** For a stream that goes on. */
    long toTell(long asked) {
        long upTo = longest;
        return upTo <= Math.max(least, asked) ? asked : between(asked, upTo);
    }

    /** For a stream that ends now or is refused, together with others perhaps: jittered also at little load. */
    long atEnd() {
        return between(least, Math.min(most, Math.max(2 * least, longest)));
    }

    /** Whether a stream that was told a time when the longest was this one should hear of today's. */
    boolean hasMovedFrom(long then) {
        long now = longest;
        return now >= 2 * then || 2 * now <= then;
    }

    private static long between(long from, long to) {
        return ThreadLocalRandom.current().nextLong(from, Math.max(from, to) + 1);
    }
}
