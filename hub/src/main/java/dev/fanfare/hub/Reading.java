package dev.fanfare.hub;

/**
 * A read of a log, forward from a position.
 *
 * @param selection what is wanted
 * @param after the position to read after; {@link Position#START} for the oldest there is
 * @param broadcastsAfter events of {@link Topic#ALL}, unless it is selected by name, only after this position
 * @param events at most so many
 * @param bytes about so many bytes at most; the first event counts whatever its size
 * @param newest only each topic's newest event, as of the read
 * @param judged gaps up to this judgement are known, and not told again: {@link Page#judged} of the reader's last read, or {@link
 *     #EVERY_GAP}, or {@link #NO_GAP}
 */
public record Reading(
        Selection selection, long after, long broadcastsAfter, int events, int bytes, boolean newest, long judged) {

    /** A first read from an id or a time: whatever is missing after it is told. */
    public static final long EVERY_GAP = -1;

    /** A first read of what is held: nothing is missing by definition. */
    public static final long NO_GAP = Long.MAX_VALUE;

    /** A read of every wanted event, broadcasts included. */
    public static Reading of(Selection selection, long after, int events, int bytes) {
        return new Reading(selection, after, after, events, bytes, false, EVERY_GAP);
    }

    /** Whether an event of this topic and position is wanted, whatever its type. */
    public boolean wants(Topic topic, long position) {
        return selection.matches(topic) || topic == Topic.ALL && position > broadcastsAfter;
    }
}
