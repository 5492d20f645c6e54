package dev.fanfare.redis;

import dev.fanfare.hub.Retention;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Applies retention, a slice at a time; the server lets one node do so. */
final class Retire {

    private static final int MOST_A_SLICE = 500;
    private static final long LEASE_MILLIS = 3_000;
    /** Some 139 years; what is longer is for ever, and positions hold no more. */
    private static final long FOR_EVER = 1L << 42;

    private final Server server;
    private final Followers followers;
    private final String[] arguments;

    Retire(Server server, Followers followers, Retention retention, String node) {
        this.server = server;
        this.followers = followers;
        this.arguments = new String[] {
            node,
            Long.toString(LEASE_MILLIS),
            Long.toString(millis(retention.age())),
            Long.toString(retention.bytes()),
            retention.keepLast() ? "1" : "",
            Long.toString(millis(retention.idempotency())),
            Integer.toString(MOST_A_SLICE)
        };
    }

    static long millis(Duration duration) {
        return duration.compareTo(Duration.ofMillis(FOR_EVER)) < 0 ? duration.toMillis() : FOR_EVER;
    }

    /** Completes when there is nothing more to remove. */
    CompletableFuture<Void> pass() {
        return server.ask(Script.RETIRE, arguments).thenCompose(reply -> {
            followers.expired(reply.position(1));
            return reply.number(0) == 1 ? pass() : CompletableFuture.completedFuture(null);
        });
    }
}
