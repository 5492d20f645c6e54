package dev.fanfare.hub;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What one read of a log gave.
 *
 * @param entries publications in the order of their positions, and ends of topics, whatever types are wanted
 * @param scannedTo how far was read: nothing up to here that the selection wants is missing from {@code entries}, but for
 *     {@code gap}; never beyond the durable tail
 * @param more whether the log holds entries after {@code scannedTo}
 * @param gap what is missing before the first entry, judged in the same snapshot; null for nothing
 * @param judged which removals the judgement of {@code gap} knew of, for the next {@link Reading#judged}
 * @param skipped of a read of the newest only, and not from the start: how many events were passed over for a newer one of their
 *     topic, -1 if they are too many to count
 */
public record Page(
        List<Stored> entries,
        long scannedTo,
        boolean more,
        @Nullable Gap gap,
        long judged,
        long skipped) {

    /**
     * Reads a log for a stream: of the ends of topics only the one stays after which nothing of the selection comes, and it is the
     * last entry then.
     */
    static CompletionStage<Page> read(EventLog log, Reading reading) {
        return log.read(reading).thenCompose(page -> {
            if (page.entries.stream().noneMatch(stored -> stored.entry() instanceof TopicEnded)) {
                return CompletableFuture.completedFuture(page);
            }
            return reading.selection().canEnd()
                    ? log.ended(reading.selection()).thenApply(page::upTo)
                    : CompletableFuture.completedFuture(page.upTo(Position.START));
        });
    }

    private Page upTo(long lastEnd) {
        boolean over = entries.stream().anyMatch(stored -> stored.position() == lastEnd);
        List<Stored> kept = entries.stream()
                .filter(stored -> stored.entry() instanceof Publication && !(over && stored.position() > lastEnd)
                        || over && stored.position() == lastEnd)
                .toList();
        return over
                ? new Page(kept, lastEnd, false, gap, judged, skipped)
                : new Page(kept, scannedTo, more, gap, judged, skipped);
    }

    /** Whether nothing of the selection comes after it. */
    boolean isLast() {
        return !entries.isEmpty() && entries.get(entries.size() - 1).entry() instanceof TopicEnded;
    }
}
