package dev.fanfare.client;

import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;

/**
 * How long to wait before the next attempt: a base that doubles with each attempt up to a maximum, never less than the other
 * side asked for, and then up to half as much again by chance, so that those who lost a node together do not come back together.
 * Chance only adds: the standard's reconnection time (C7) and Retry-After are least waits. Not thread-safe.
 */
final class Backoff {

    /** The longest wait that the other side can impose: anything above it is more likely a mistake than a wish. */
    static final Duration LONGEST = Duration.ofHours(1);

    private static final int MOST_DOUBLINGS = 30;

    private final Duration max;
    private final DoubleSupplier chance;
    private Duration base;
    private int doublings;

    /** Chance gives numbers from 0 to below 1. */
    Backoff(Duration base, Duration max, DoubleSupplier chance) {
        this.base = base;
        this.max = max;
        this.chance = chance;
    }

    static double random() {
        return ThreadLocalRandom.current().nextDouble();
    }

    /** Sets what the next waits start from. A base above the maximum raises the maximum. */
    void base(Duration newBase) {
        base = Durations.shorter(newBase, LONGEST);
    }

    /** The next wait starts from the base again. */
    void reset() {
        doublings = 0;
    }

    /** The wait before the next attempt. */
    Duration next(Duration atLeast) {
        Duration grown = base.multipliedBy(1L << doublings);
        doublings = Math.min(doublings + 1, MOST_DOUBLINGS);
        Duration wait = Durations.longer(
                Durations.shorter(grown, Durations.longer(max, base)), Durations.shorter(atLeast, LONGEST));
        return wait.plusNanos((long) (wait.toNanos() * 0.5 * chance.getAsDouble()));
    }

    /** What a Retry-After header asks for, in seconds or as a date; zero if there is none that can be read. */
    static Duration retryAfter(HttpHeaders headers, Instant now) {
        String value = headers.firstValue("Retry-After").orElse("").trim();
        if (value.isEmpty()) {
            return Duration.ZERO;
        }
        if (value.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return value.length() > 9 ? LONGEST : Duration.ofSeconds(Long.parseLong(value));
        }
        try {
            Instant date = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
            return Durations.longer(Duration.between(now, date), Duration.ZERO);
        } catch (DateTimeException e) {
            return Duration.ZERO;
        }
    }
}
