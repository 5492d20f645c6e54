package dev.fanfare.server;

import io.github.bucket4j.Bucket;
import io.github.bucket4j.local.SynchronizationStrategy;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A token bucket for each of many clients, which holds a second's worth. More may be taken than is there, and is then owed: large
 * takings get through at the same rate. A bucket that is full again is forgotten; clients beyond {@value #MOST} share one. Thread-safe.
 */
final class Buckets {

    static final int MOST = 100_000;

    private static final String OTHERS = "";

    private final long perSecond;
    private final ConcurrentHashMap<String, Bucket> buckets = new ConcurrentHashMap<>();

    Buckets(long perSecond) {
        this.perSecond = perSecond;
    }

    long perSecond() {
        return perSecond;
    }

    /** Takes so much. Returns the nanoseconds until nothing is owed: 0 when that was there. */
    long take(String client, long tokens) {
        long[] owed = new long[1];
        buckets.compute(key(client), (key, known) -> {
            Bucket bucket = known == null ? bucket() : known;
            owed[0] = bucket.consumeIgnoringRateLimits(tokens);
            return bucket;
        });
        return owed[0];
    }

    /** Takes so much unless there is not one token. Returns 0, or the nanoseconds until there is one, and has taken nothing then. */
    long tryTake(String client, long tokens) {
        long[] missing = new long[1];
        buckets.compute(key(client), (key, known) -> {
            Bucket bucket = known == null ? bucket() : known;
            missing[0] = bucket.estimateAbilityToConsume(1).getNanosToWaitForRefill();
            if (missing[0] == 0) {
                bucket.consumeIgnoringRateLimits(tokens);
            }
            return bucket;
        });
        return missing[0];
    }

    /** Gives back what was taken in advance. */
    void giveBack(String client, long tokens) {
        buckets.computeIfPresent(key(client), (key, bucket) -> {
            bucket.addTokens(tokens);
            return bucket;
        });
    }

    private String key(String client) {
        return buckets.size() < MOST || buckets.containsKey(client) ? client : OTHERS;
    }

    /** Each is only used within the map's lock for its key. */
    private Bucket bucket() {
        return Bucket.builder()
                .addLimit(limit -> limit.capacity(perSecond).refillGreedy(perSecond, Duration.ofSeconds(1)))
                .withNanosecondPrecision()
                .withSynchronizationStrategy(SynchronizationStrategy.NONE)
                .build();
    }

    /** Forgets those that are full. */
    void sweep() {
        for (String client : buckets.keySet()) {
            buckets.computeIfPresent(client, (key, bucket) -> bucket.getAvailableTokens() >= perSecond ? null : bucket);
        }
    }

    int size() {
        return buckets.size();
    }
}
