package dev.fanfare.hub;

import java.time.Duration;

/**
 * How long and how much a log keeps.
 *
 * @param age events older than this go
 * @param bytes the oldest events go when the log is larger than this
 * @param eventsPerTopic a topic's oldest events go when it has more than this
 * @param keepLast whether a topic's newest event stays beyond {@code age}
 * @param topics a publication to a new topic is refused when there are so many
 * @param idempotency how long an idempotency key is remembered; never longer than {@code bytes} allows
 */
public record Retention(
        Duration age, long bytes, long eventsPerTopic, boolean keepLast, long topics, Duration idempotency) {

    /** 24 hours, 256 MiB, 10 million topics; keys for 10 minutes. */
    public static final Retention DEFAULT =
            new Retention(Duration.ofHours(24), 256L << 20, Long.MAX_VALUE, false, 10_000_000, Duration.ofMinutes(10));

    /** Checks the bounds. */
    public Retention {
        if (age.isNegative() || age.isZero() || bytes < 1 || eventsPerTopic < 1 || topics < 1) {
            throw new IllegalArgumentException("retention: age, bytes, events per topic and topics must be above 0: "
                    + age + ", " + bytes + ", " + eventsPerTopic + ", " + topics);
        }
    }
}
