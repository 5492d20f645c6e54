package dev.fanfare.redis;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where a hub is.
 *
 * @param uri the server, {@code redis://[[user]:password@]host[:port][/database]}, {@code rediss://} with TLS; or those who know which
 *     server it is now, {@code redis-sentinel://[[user]:password@]host[:port],host[:port]...[/database]#master}, {@code
 *     rediss-sentinel://} with TLS
 * @param hub the hub's name there; several may share a server
 * @param timeout how long an answer may take; after it an append fails as unavailable, though it may have been stored
 * @param ca the certificates of the authorities, in a PEM file, that may sign a server's; null for those that Java knows
 */
public record RedisSettings(
        String uri, String hub, Duration timeout, @Nullable Path ca) {

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

    /** The hub {@code default}, 5 seconds, and the authorities that Java knows. */
    public static RedisSettings of(String uri) {
        return new RedisSettings(uri, "default", Duration.ofSeconds(5), null);
    }

    /** As these, but for another hub. */
    public RedisSettings withHub(String hub) {
        return new RedisSettings(uri, hub, timeout, ca);
    }

    /** As these, but with another timeout. */
    public RedisSettings withTimeout(Duration timeout) {
        return new RedisSettings(uri, hub, timeout, ca);
    }

    /** As these, but with authorities of one's own. */
    public RedisSettings withCa(@Nullable Path ca) {
        return new RedisSettings(uri, hub, timeout, ca);
    }

    /** What all keys begin with; in braces, so that a cluster keeps them together. */
    String prefix() {
        return "{" + hub + "}:";
    }
}
