package dev.fanfare.hub;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that stands still until a test moves it, forward or back. */
public final class TestClock implements InstantSource {
    private final AtomicLong millis;

    /** A clock that shows this time. */
    public TestClock(long millis) {
        this.millis = new AtomicLong(millis);
    }

    @Override
    public Instant instant() {
        return Instant.ofEpochMilli(millis.get());
    }

    @Override
    public long millis() {
        return millis.get();
    }

    /** Moves it; a negative duration steps back. */
    public void advance(Duration step) {
        millis.addAndGet(step.toMillis());
    }
}
