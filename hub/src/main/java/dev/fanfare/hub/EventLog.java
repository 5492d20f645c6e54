package dev.fanfare.hub;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * The ordered record of entries: appends in order, reads forward from any position. Thread-safe; no method blocks, and a stage may
 * complete on any thread, also before the call returns.
 *
 * <p>A topic's <em>horizon</em> is the position up to and including which its events may be gone; the <em>floor</em> is the horizon
 * of all topics that have no event left, and for a new log its birth. A read that starts below a horizon of its selection has a gap.
 */
public interface EventLog extends AutoCloseable {

    /**
     * Appends all of these or none. Appends from one thread keep their order.
     *
     * @return the entries' positions, once they are as durable as this log promises; of a publication whose key was used before, and
     *     of the end of a topic that has ended, the first one's. Fails with {@link AppendRefused}
     */
    CompletionStage<long[]> append(List<? extends Entry> entries);

    /** Reads forward, oldest first. A read beyond the tail, or below a horizon, says so in {@link Page#gap()}. */
    CompletionStage<Page> read(Reading reading);

    /** The newest position in the log, the floor if it is empty. */
    CompletionStage<Long> tail();

    /**
     * The position after which the newest {@code events} of a selection are; {@link Position#START} if it holds fewer. {@link
     * Topic#ALL} does not count unless it is named.
     */
    CompletionStage<Long> before(Selection selection, int events);

    /** The position of the earliest event of these selectors to which its publisher gave this id. */
    CompletionStage<Optional<Long>> find(Selection selection, String id);

    /** Where the last of a selection's topics ended; {@link Position#START} while one of them goes on, as a pattern's always may. */
    CompletionStage<Long> ended(Selection selection);

    /** Topics that hold events and whose names begin with {@code prefix} and come after {@code after}, in the order of their names. */
    CompletionStage<List<TopicSummary>> topics(String prefix, String after, int limit);

    /** The notes whose names begin with {@code prefix}, of each name the newest, if it holds now; in the order of their positions. */
    CompletionStage<List<Stored>> notes(String prefix);

    /** What the log holds. */
    CompletionStage<Size> size();

    /**
     * Gives every entry after a position to the follower, in order, without end, whoever appended it. Those of an {@link #append} of
     * this process are given before its stage completes. What had left the log before this call is not among them: notes that were
     * replaced, removed or have ended need not be, and {@link #notes} tells, when this has completed, which hold.
     *
     * @return completes when the follower has been given all that the log held at this call
     */
    CompletionStage<Void> follow(long after, Follower follower);

    /** A position after which nothing has been removed, and about so many bytes are held. */
    CompletionStage<Long> recent(long bytes);

    @Override
    void close();

    /** Receives a log's entries. */
    interface Follower {
        /** The next entries, in order; called by one thread at a time, which must not be held up. */
        void entries(List<Stored> entries);

        /** The log holds nothing any more up to this position; called like {@link #entries}. */
        default void expired(long position) {}

        /**
         * Entries after the last that was given, up to this position, will not be given: the log has lost them, or removed them before
         * they could be given. It says which of these when it is read. Called like {@link #entries}.
         */
        default void lost(long position) {}
    }

    /**
     * A topic in a list.
     *
     * @param topic its name
     * @param newest the position of its newest event
     * @param events how many events it holds
     */
    record TopicSummary(String topic, long newest, long events) {}

    /**
     * How much a log holds.
     *
     * @param topics topics with events
     * @param events events
     * @param bytes about how many bytes they occupy
     * @param notes notes, some of which may just have ended
     * @param floor the log's floor
     * @param read how many stored events were read for readers since the start, not from the window
     */
    record Size(long topics, long events, long bytes, long notes, long floor, long read) {}
}
