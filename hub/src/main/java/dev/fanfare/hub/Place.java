package dev.fanfare.hub;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Where a reader begins, whatever it named: an id, a time, a number of events.
 *
 * @param position to read after
 * @param broadcastsAfter events of {@link Topic#ALL} only after this position
 * @param judged as in {@link Reading#judged}
 * @param newest only the newest event of each topic, up to the tail
 * @param unknownId whether the id named is not known
 * @param named what a gap is told to come after: the id or time named
 */
public record Place(long position, long broadcastsAfter, long judged, boolean newest, boolean unknownId, String named) {

    /**
     * Finds where a subscription begins.
     *
     * @param now the position that counts as now
     */
    public static CompletionStage<Place> find(EventLog log, Subscription subscription, long now) {
        String id = subscription.lastEventId();
        if (id == null) {
            return find(log, subscription, now, null);
        }
        long position = Position.parse(id);
        if (position > 0) {
            return CompletableFuture.completedFuture(after(position, position, id));
        }
        return log.find(subscription.selection(), id)
                .thenCompose((Optional<Long> found) -> found.isPresent()
                        ? CompletableFuture.completedFuture(after(found.get(), found.get(), id))
                        : find(log, subscription, now, id));
    }

    private static CompletionStage<Place> find(
            EventLog log, Subscription subscription, long now, @Nullable String unknownId) {
        Start start = subscription.start();
        boolean unknown = unknownId != null;
        String named = unknownId != null ? unknownId : Position.text(start.value());
        CompletionStage<Long> position = switch (start.kind()) {
            case NOW -> CompletableFuture.completedFuture(now);
            case OLDEST, LAST -> CompletableFuture.completedFuture(Position.START);
            case NEWEST -> log.before(subscription.selection(), (int) start.value());
            case AFTER -> CompletableFuture.completedFuture(start.value());
            case AT -> CompletableFuture.completedFuture(Math.min(start.value(), now)); // never beyond the log
        };
        long broadcastsAfter = start.kind() == Start.Kind.AFTER ? start.value() : now;
        long judged = start.kind() == Start.Kind.NEWEST ? Reading.NO_GAP : Reading.EVERY_GAP;
        boolean newest = start.kind() == Start.Kind.LAST;
        return position.thenApply(found -> new Place(found, broadcastsAfter, judged, newest, unknown, named));
    }

    private static Place after(long position, long broadcastsAfter, String named) {
        return new Place(position, broadcastsAfter, Reading.EVERY_GAP, false, false, named);
    }

    /** The first read from here. */
    public Reading reading(Selection selection, int events, int bytes) {
        return new Reading(selection, position, Math.max(position, broadcastsAfter), events, bytes, newest, judged);
    }
}
