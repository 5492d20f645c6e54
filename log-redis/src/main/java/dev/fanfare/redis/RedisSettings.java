package dev.fanfare.redis;

import java.time.Duration;

/**
 * Where a hub is.
 *
 * @param uri the server, {@code redis://[[user]:password@]host[:port][/database]}, {@code rediss://} with TLS
 * @param hub the hub's name there; several may share a server
 * @param timeout how long an answer may take; after it an append fails as unavailable, though it may have been stored
 */
public record RedisSettings(String uri, String hub, Duration timeout) {

    private static final Duration LEAST = Duration.ofMillis(100);

    /** Checks the bounds. */
    public RedisSettings {
        if (!hub.matches("[A-Za-z0-9._-]{1,64}")) {
            throw new IllegalArgumentException(
                    "the hub's name '" + hub + "' (expected: 1 to 64 letters, digits, dots, hyphens, underscores)");
        }
        if (timeout.compareTo(LEAST) < 0) {
            throw new IllegalArgumentException("a timeout of " + timeout + " (expected: at least " + LEAST + ")");
        }
    }

    /** The hub {@code fanfare}, and 5 seconds. */
    public static RedisSettings of(String uri) {
        return new RedisSettings(uri, "fanfare", Duration.ofSeconds(5));
    }

    /** What all keys begin with; in braces, so that a cluster keeps them together. */
    String prefix() {
        return "{" + hub + "}:";
    }
}
