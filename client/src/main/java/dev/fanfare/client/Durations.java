package dev.fanfare.client;

import java.time.Duration;

/** Comparisons of durations, and their bounds as settings. */
final class Durations {

    private static final Duration LONGEST_SETTING = Duration.ofDays(1);

    private Durations() {}

    static Duration longer(Duration a, Duration b) {
        return a.compareTo(b) >= 0 ? a : b;
    }

    static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }

    /** Refuses a setting below the least, or above a day. */
    static Duration requireWithin(String name, Duration value, Duration least) {
        if (value.compareTo(least) < 0 || value.compareTo(LONGEST_SETTING) > 0) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: " + least + " to " + LONGEST_SETTING + ")");
        }
        return value;
    }
}
