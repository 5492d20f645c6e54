package dev.fanfare.server;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one client may take of a server; null for as much as there is.
 *
 * @param streamsPerIp event streams of one address at once; of IPv6, one /64
 * @param streamsPerUser event streams of one user at once
 * @param publishRate events a second that one credential, or without one an address, may publish; a second's worth at once
 * @param catchUpRate bytes a second of what lies behind the newest events that one address may read; a second's worth at once
 * @param streamAge after how long a stream is ended, or up to a tenth sooner
 * @param maxLag for how long a stream may be behind because its client does not take more
 * @param writeTime how long a stream's client may take nothing of what it is sent
 * @param trustedProxies addresses and networks, {@code 10.0.0.0/8}, whose word for the client's address counts
 */
public record Limits(
        @Nullable Integer streamsPerIp,
        @Nullable Integer streamsPerUser,
        @Nullable Integer publishRate,
        @Nullable Long catchUpRate,
        @Nullable Duration streamAge,
        @Nullable Duration maxLag,
        Duration writeTime,
        List<String> trustedProxies) {

    /** Only what stops taking what it is sent is cut, after a minute. */
    public static final Limits DEFAULT =
            new Limits(null, null, null, null, null, null, Duration.ofSeconds(60), List.of());
}
