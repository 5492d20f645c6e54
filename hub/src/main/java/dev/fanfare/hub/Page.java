package dev.fanfare.hub;

import java.util.List;
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
 *     topic
 */
public record Page(
        List<Stored> entries,
        long scannedTo,
        boolean more,
        @Nullable Gap gap,
        long judged,
        long skipped) {}
