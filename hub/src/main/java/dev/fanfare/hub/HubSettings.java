package dev.fanfare.hub;

import java.time.Duration;

/**
 * The bounds of a hub.
 *
 * @param windowBytes how much of the newest part of the log is held as frames, in bytes
 * @param retentionAge how long the log keeps events; a stream's place is moved on before a quarter of it has passed
 * @param retry the least reconnection time that a stream is given when it is ended
 * @param retryMax the longest
 */
public record HubSettings(long windowBytes, Duration retentionAge, Duration retry, Duration retryMax) {

    /** 64 MiB, 24 hours, 3 to 60 seconds. */
    public static final HubSettings DEFAULT =
            new HubSettings(64L << 20, Duration.ofHours(24), Duration.ofSeconds(3), Duration.ofSeconds(60));

    /** Checks the bounds. */
    public HubSettings {
        if (windowBytes < 1) {
            throw new IllegalArgumentException("window bytes: " + windowBytes + " (expected: above 0)");
        }
        if (retry.compareTo(retryMax) > 0) {
            throw new IllegalArgumentException("retry: " + retry + " (expected: at most " + retryMax + ")");
        }
    }
}
