package dev.fanfare.hub;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a stream wants its events.
 *
 * @param selection which events
 * @param start where to begin when there is no last event ID
 * @param lastEventId the id the client has seen last, a position's text or a publisher's own; null for none
 * @param form what events look like
 * @param slow what happens when the client can't keep up
 * @param heartbeat after so long without a write comes a heartbeat; whole seconds, 1 to 120
 * @param heartbeatEvents whether a heartbeat is an event and not a comment
 * @param retry the reconnection time to tell the client
 * @param open whether a stream without a last event ID begins with {@code fanfare-open}
 */
public record Subscription(
        Selection selection,
        Start start,
        @Nullable String lastEventId,
        Form form,
        Slow slow,
        Duration heartbeat,
        boolean heartbeatEvents,
        Duration retry,
        boolean open) {

    /** What happens to a stream whose client can't keep up. */
    public enum Slow {
        /** It lags, and reads on from where it was. */
        CATCH_UP,
        /** It skips to the newest event of each topic, after a gap event that says how many it skipped. */
        LATEST,
        /** It is closed. */
        CLOSE
    }

    /** Checks the bounds. */
    public Subscription {
        if (heartbeat.toSeconds() < 1 || heartbeat.toSeconds() > Heartbeats.LONGEST_SECONDS) {
            throw new IllegalArgumentException("heartbeat: " + heartbeat + " (expected: 1 s to 120 s)");
        }
    }

    /** The events of these selectors from now on, as published. */
    public static Subscription to(String... selectors) {
        return new Subscription(
                Selection.of(selectors),
                Start.NOW,
                null,
                Form.PLAIN,
                Slow.CATCH_UP,
                Duration.ofSeconds(15),
                false,
                Duration.ofSeconds(3),
                true);
    }

    /** This subscription with another start. */
    public Subscription from(Start newStart) {
        return new Subscription(selection, newStart, lastEventId, form, slow, heartbeat, heartbeatEvents, retry, open);
    }

    /** This subscription of a client that has seen an event before. */
    public Subscription resumeAfter(@Nullable String newLastEventId) {
        return new Subscription(selection, start, newLastEventId, form, slow, heartbeat, heartbeatEvents, retry, open);
    }
}
