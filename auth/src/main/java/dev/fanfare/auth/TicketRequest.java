package dev.fanfare.auth;

import dev.fanfare.hub.Selector;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a backend asks a ticket for.
 *
 * @param sub whose ticket it is to be; null for nobody's
 * @param subscribe what he may read besides his own topics
 * @param ttl for how long, above 0 and up to {@link #LONGEST}
 */
public record TicketRequest(@Nullable String sub, List<Selector> subscribe, Duration ttl) {

    /** For how long unless it is said. */
    public static final Duration USUAL = Duration.ofHours(1);

    /** For how long at most. */
    public static final Duration LONGEST = Duration.ofHours(24);

    /** Checks the bounds. */
    public TicketRequest {
        subscribe = List.copyOf(subscribe);
        if (ttl.compareTo(Duration.ofSeconds(1)) < 0 || ttl.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("ttl: " + ttl + " (expected: 1 s to 24 h)");
        }
        if (sub != null) {
            UserTopics.segment(sub);
        }
        if (sub == null && subscribe.isEmpty()) {
            throw new IllegalArgumentException("the ticket would open nothing (expected: sub, subscribe or both)");
        }
    }

    /**
     * Of what a document says.
     *
     * @param subscribe texts of selectors, in which {@code @me} stands for the topics of {@code sub}; null for none
     * @param ttl null for {@link #USUAL}
     * @throws IllegalArgumentException if something is not as it should be; the message says what
     */
    public static TicketRequest of(@Nullable String sub, @Nullable List<String> subscribe, @Nullable Duration ttl) {
        List<Selector> selectors = subscribe == null
                ? List.of()
                : subscribe.stream()
                        .map(text -> Selector.of(UserTopics.resolve(text, sub)))
                        .toList();
        return new TicketRequest(sub, selectors, ttl == null ? USUAL : ttl);
    }
}
