package dev.fanfare.auth;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that stands still until it is moved. */
final class Clock implements InstantSource {

    private volatile Instant now = Instant.ofEpochSecond(1_800_000_000);

    void move(Duration by) {
        now = now.plus(by);
    }

    long seconds() {
        return now.getEpochSecond();
    }

    @Override
    public Instant instant() {
        return now;
    }
}
