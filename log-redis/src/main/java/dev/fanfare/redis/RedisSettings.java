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
 * @param tls what stands for the server and for this node with {@code rediss}
 * @param sentinelPassword what those who know the server ask for themselves; null for nothing
 */
public record RedisSettings(
        String uri,
        String hub,
        Duration timeout,
        Tls tls,
        @Nullable String sentinelPassword) {

    private static final Duration LEAST = Duration.ofMillis(100);

    /**
     * Certificates and keys, each in a PEM file.
     *
     * @param ca the certificates of the authorities that may sign a server's; null for those that Java knows
     * @param certificate this node's own, with those in between; null for none
     * @param key its key, in PKCS #8 without a password; null for none
     */
    public record Tls(
            @Nullable Path ca,
            @Nullable Path certificate,
            @Nullable Path key) {

        /** The authorities that Java knows, and nothing that stands for the node. */
        public static final Tls DEFAULT = new Tls(null, null, null);

        /** Checks that key and certificate are together. */
        public Tls {
            if ((certificate == null) != (key == null)) {
                throw new IllegalArgumentException("a certificate goes with its key");
            }
        }
    }

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
        return new RedisSettings(uri, "default", Duration.ofSeconds(5), Tls.DEFAULT, null);
    }

    /** As these, but for another hub. */
    public RedisSettings withHub(String hub) {
        return new RedisSettings(uri, hub, timeout, tls, sentinelPassword);
    }

    /** As these, but with another timeout. */
    public RedisSettings withTimeout(Duration timeout) {
        return new RedisSettings(uri, hub, timeout, tls, sentinelPassword);
    }

    /** As these, but with these certificates and keys. */
    public RedisSettings withTls(Tls tls) {
        return new RedisSettings(uri, hub, timeout, tls, sentinelPassword);
    }

    /** As these, but with a password for the sentinels. */
    public RedisSettings withSentinelPassword(@Nullable String sentinelPassword) {
        return new RedisSettings(uri, hub, timeout, tls, sentinelPassword);
    }

    /** What all keys begin with; in braces, so that a cluster keeps them together. */
    String prefix() {
        return "{" + hub + "}:";
    }
}
