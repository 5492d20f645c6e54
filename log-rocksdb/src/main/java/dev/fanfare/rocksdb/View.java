package dev.fanfare.rocksdb;

import dev.fanfare.hub.Entry;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Selector;
import dev.fanfare.hub.Stored;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicDirectory.History;
import dev.fanfare.hub.TopicEnded;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/**
 * The log as it was at one moment: made under the state's lock, so that what the directory says and what the iterators see is the
 * same, whatever is removed afterwards. Confined to one reader.
 */
final class View implements AutoCloseable {

    /** A pattern that this many topics might match is not looked up in the directory. */
    private static final int MOST_TOPICS_LOOKED_AT = 10_000;

    private static final int MOST_RUNS = 1_000;

    final long tail;
    private final Map<Topic, Long> deletions;
    private final RocksIterator events;
    private final RocksIterator topics;

    /** One topic's events after a position. */
    record Run(byte[] prefix, long from, long newest, long ended) {}

    private View(State state, Store store) {
        this.tail = state.tail();
        this.deletions = state.deletions();
        this.events = store.iterator(store.events());
        this.topics = store.iterator(store.topics());
    }

    /** Of this moment; the state's lock is held. */
    static View of(State state, Store store) {
        return new View(state, store);
    }

    /** What a reading's topics hold after its position; null if that is too much to be looked up. The state's lock is held. */
    static @Nullable List<Run> runs(State state, Reading reading, boolean all) {
        Map<History<Facts>, Run> runs = new LinkedHashMap<>();
        for (Selector selector : reading.selection().selectors()) {
            if (!selector.isPattern()) {
                state.directory.matching(selector).forEach(history -> add(runs, history, reading.after()));
                continue;
            }
            int looked = 0;
            for (History<Facts> history : state.directory.below(selector)) {
                if (!all && (++looked > MOST_TOPICS_LOOKED_AT || runs.size() > MOST_RUNS)) {
                    return null;
                }
                if (history.newest() > reading.after() && selector.matches(history.topic())) {
                    add(runs, history, reading.after());
                }
            }
        }
        History<Facts> broadcasts = state.directory.find(Topic.ALL);
        if (broadcasts != null) {
            boolean named = reading.selection().matches(Topic.ALL);
            add(runs, broadcasts, named ? reading.after() : Math.max(reading.after(), reading.broadcastsAfter()));
        }
        return List.copyOf(runs.values());
    }

    private static void add(Map<History<Facts>, Run> runs, History<Facts> history, long after) {
        long from = Math.max(after, history.horizon());
        if (history.newest() > from) {
            runs.put(history, new Run(history.extra().prefix, from, history.newest(), history.ended()));
        }
    }

    /** The entry at a position, or null if there is none. What is read along a topic often lies side by side: a step is tried first. */
    @Nullable
    Stored entry(long position) throws RocksDBException {
        if (events.isValid() && Bytes.toLong(events.key(), 0) < position) {
            events.next();
        }
        if (!events.isValid() || Bytes.toLong(events.key(), 0) != position) {
            events.seek(Bytes.ofLong(position));
        }
        Stored stored = entry();
        return stored != null && stored.position() == position ? stored : null;
    }

    /** Goes to the first entry after a position. */
    @Nullable
    Stored after(long position) throws RocksDBException {
        events.seek(Bytes.ofLong(position + 1));
        return entry();
    }

    @Nullable
    Stored next() throws RocksDBException {
        events.next();
        return entry();
    }

    /** Goes to the newest entry. */
    @Nullable
    Stored newest() throws RocksDBException {
        events.seekForPrev(Bytes.ofLong(tail));
        return entry();
    }

    @Nullable
    Stored previous() throws RocksDBException {
        events.prev();
        return entry();
    }

    private @Nullable Stored entry() throws RocksDBException {
        if (!events.isValid()) {
            events.status();
            return null;
        }
        long position = Bytes.toLong(events.key(), 0);
        return position > tail ? null : new Stored(position, Records.decode(events.value()));
    }

    /** Whether a selection's topics hold this entry; broadcasts as the reading says. */
    boolean isWanted(Reading reading, Stored stored) throws RocksDBException {
        Entry entry = stored.entry();
        if (entry instanceof TopicEnded end) {
            return reading.selection().matches(end.topic()) && !isDeleted(end.topic(), stored.position());
        }
        if (!(entry instanceof Publication publication)
                || !reading.selection().wants(publication.event().type())) {
            return false;
        }
        List<Topic> all = publication.topics();
        for (int i = 0; i < all.size(); i++) {
            if (reading.wants(all.get(i), stored.position()) && isHeld(all.get(i), stored.position(), all.size() > 1)) {
                return true;
            }
        }
        return false;
    }

    /** Whether one of an event's topics is selected and holds it. */
    boolean isHeld(Selection selection, Stored stored) throws RocksDBException {
        List<Topic> all = Records.topicsOf(stored.entry());
        for (int i = 0; i < all.size(); i++) {
            if (selection.matches(all.get(i)) && isHeld(all.get(i), stored.position(), all.size() > 1)) {
                return true;
            }
        }
        return false;
    }

    private boolean isHeld(Topic topic, long position, boolean several) throws RocksDBException {
        if (isDeleted(topic, position)) {
            return false;
        }
        if (!several) {
            return true;
        }
        byte[] key = Bytes.key(Bytes.prefix(topic.name()), position);
        topics.seek(key);
        return topics.isValid() && Arrays.equals(topics.key(), key);
    }

    private boolean isDeleted(Topic topic, long position) {
        return !deletions.isEmpty() && deletions.getOrDefault(topic, 0L) >= position;
    }

    /** Positions of a run after {@code from}, at most so many. */
    long[] positions(Run run, long from, int most) throws RocksDBException {
        long[] found = new long[Math.min(most, 16)];
        int size = 0;
        for (topics.seek(Bytes.key(run.prefix, from + 1)); size < most; topics.next()) {
            long position = position(run);
            if (position == 0 || position > tail) {
                break;
            }
            if (size == found.length) {
                found = Arrays.copyOf(found, size * 2);
            }
            found[size++] = position;
        }
        return Arrays.copyOf(found, size);
    }

    /** Goes to the newest of a run; 0 for none. */
    long newestOf(Run run) throws RocksDBException {
        topics.seekForPrev(Bytes.key(run.prefix, tail));
        return after(run);
    }

    /** Goes to the one before that; 0 for none. */
    long previousOf(Run run) throws RocksDBException {
        topics.prev();
        return after(run);
    }

    private long after(Run run) throws RocksDBException {
        long position = position(run);
        return position > run.from ? position : 0;
    }

    private long position(Run run) throws RocksDBException {
        if (!topics.isValid()) {
            topics.status();
            return 0;
        }
        byte[] key = topics.key();
        return key.length == run.prefix.length + 8 && Bytes.startsWith(key, run.prefix)
                ? Bytes.toLong(key, run.prefix.length)
                : 0;
    }

    @Override
    public void close() {
        events.close();
        topics.close();
    }
}
