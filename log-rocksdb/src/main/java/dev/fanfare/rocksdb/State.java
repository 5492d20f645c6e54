package dev.fanfare.rocksdb;

import dev.fanfare.hub.Entry;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Notes;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Stored;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicDeleted;
import dev.fanfare.hub.TopicDirectory;
import dev.fanfare.hub.TopicDirectory.History;
import dev.fanfare.hub.TopicEnded;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/**
 * What the log knows of itself in memory: its topics, its notes, its tail, what is to be removed. Guarded by {@link #lock} but for the tail.
 *
 * <p>On disk the same stands in the directory family, a little behind: a topic's record is written when something of it is removed,
 * with that removal, and else at a checkpoint. After a start, entries newer than the checkpoint and than their topic's record are
 * counted again.
 */
final class State {

    final ReentrantLock lock = new ReentrantLock();
    final TopicDirectory<Facts> directory;
    /** Topics whose records are behind. */
    final Set<History<Facts>> dirty = new LinkedHashSet<>();
    /** Topics that may hold more than they should. */
    final Set<History<Facts>> surplus = new LinkedHashSet<>();
    /** Positions of the events that stay beyond their age, with how many topics keep each. */
    final NavigableMap<Long, Integer> kept = new TreeMap<>();

    final Notes notes = new Notes();

    private final Retention retention;
    /** Deleted topics of which not all is removed yet, with the position of the deletion; never changed, only replaced. */
    private volatile Map<Topic, Long> deletions = Map.of();

    private volatile long tail;
    /** Every event up to here is gone, but for those in {@link #kept}. */
    private long front;
    /** Up to here the records of the topics say all. */
    private long checkpoint;

    private long events;
    private long bytes;
    private boolean isNew;

    private State(Retention retention, long birth) {
        this.retention = retention;
        this.directory = new TopicDirectory<>(birth, topic -> new Facts(Bytes.prefix(topic.name())));
        this.tail = birth;
        this.front = birth;
        this.checkpoint = birth;
    }

    /** Reads what the store says; a new one is born now. */
    static State load(Store store, Retention retention, long now) throws RocksDBException {
        return load(store, retention, now, 0);
    }

    /** Reads it again while there are readers, who have judged its gaps until now. */
    static State reload(Store store, Retention retention, long now, State before) throws RocksDBException {
        return load(store, retention, now, before.directory.removals() + 1);
    }

    private static State load(Store store, Retention retention, long now, long removals) throws RocksDBException {
        byte[] record = store.get(store.directory(), Facts.OfLog.KEY);
        if (record == null) {
            State state = new State(retention, Position.next(0, now));
            state.isNew = true;
            state.directory.restoreRemovals(removals);
            state.recount(store);
            state.loadNotes(store);
            return state;
        }
        Facts.OfLog log = Facts.OfLog.decode(record);
        State state = new State(retention, log.birth());
        state.directory.restoreRemovals(removals);
        state.directory.restoreFloor(log.floor());
        state.tail = log.tail();
        state.front = log.front();
        state.checkpoint = log.checkpoint();
        state.events = log.events();
        state.bytes = log.bytes();
        state.loadTopics(store);
        state.replay(store);
        state.loadNotes(store);
        return state;
    }

    /** Takes in what there is where nothing is known of it: nothing in a new log, all that is left in a damaged one. */
    private void recount(Store store) throws RocksDBException {
        long birth = tail;
        tail = 0;
        front = 0;
        checkpoint = 0;
        replay(store);
        if (events == 0) {
            front = birth;
        }
        tail = Math.max(tail, birth);
        checkpoint = tail;
    }

    private void loadTopics(Store store) throws RocksDBException {
        Map<Topic, Long> deleted = new HashMap<>();
        try (RocksIterator records = store.iterator(store.directory())) {
            for (records.seek(new byte[] {1}); records.isValid(); records.next()) {
                byte[] key = records.key();
                Topic topic = Topic.of(new String(key, 0, key.length - 1, StandardCharsets.UTF_8));
                Bytes.In in = new Bytes.In(records.value());
                History<Facts> history =
                        directory.restore(topic, in.number(), in.number(), in.number(), in.number(), in.number());
                setKept(history, in.number());
                noteSurplus(history);
                if (history.deleted() > 0) {
                    deleted.put(topic, history.deleted());
                }
            }
            records.status();
        }
        deletions = Map.copyOf(deleted);
    }

    private void loadNotes(Store store) throws RocksDBException {
        NoteRecords.load(store, notes);
        Stored newest = notes.newest();
        tail = newest == null ? tail : Math.max(tail, newest.position());
    }

    /** Takes in the entries that the records do not know of. */
    private void replay(Store store) throws RocksDBException {
        long counted = tail;
        try (RocksIterator entries = store.iterator(store.events())) {
            for (entries.seek(Bytes.ofLong(checkpoint + 1)); entries.isValid(); entries.next()) {
                long position = Bytes.toLong(entries.key(), 0);
                byte[] record = entries.value();
                Entry entry = Records.decode(record);
                List<Topic> topics = Records.topicsOf(entry);
                for (Topic topic : topics) {
                    History<Facts> history = directory.find(topic);
                    boolean known = history != null && position <= Math.max(history.newest(), history.deleted());
                    if (!known && (topics.size() == 1 || isIndexed(store, topic, position))) {
                        if (history == null && position <= directory.floor()) { // the floor has risen over it since
                            directory.restore(topic, 0, 0, position - 1, 0, 0);
                        }
                        applyTo(topic, entry, position);
                    }
                }
                if (entry instanceof TopicDeleted deletion) {
                    History<Facts> history = directory.find(deletion.topic());
                    if (history == null || position > Math.max(history.newest(), history.deleted())) {
                        applyDeletion(deletion.topic(), position);
                    }
                }
                if (position > counted) {
                    events++;
                    bytes += weight(entry, record.length);
                }
                tail = Math.max(tail, position);
            }
            entries.status();
        }
    }

    private static boolean isIndexed(Store store, Topic topic, long position) throws RocksDBException {
        return store.get(store.topics(), Bytes.key(Bytes.prefix(topic.name()), position)) != null;
    }

    /** About what an entry occupies. */
    static long weight(Entry entry, int length) {
        long weight = 8 + length;
        for (Topic topic : Records.topicsOf(entry)) {
            weight += topic.name().length() + 9;
        }
        String id = Records.idOf(entry);
        return id == null ? weight : weight + id.length() + 9;
    }

    /** Whether the store knew of no log. */
    boolean isNew() {
        return isNew;
    }

    long tail() {
        return tail;
    }

    long front() {
        return front;
    }

    void front(long position) {
        front = position;
    }

    long events() {
        return events;
    }

    long bytes() {
        return bytes;
    }

    Map<Topic, Long> deletions() {
        return deletions;
    }

    /** Nothing is left of what this deletion removes. */
    void cleaned(Topic topic, long position) {
        Map<Topic, Long> left = new HashMap<>(deletions);
        left.remove(topic, position);
        deletions = Map.copyOf(left);
    }

    /** Entries that the log had given out may be lost up to here: the tail goes there, and whoever has read less has a gap. */
    void lost(long position) {
        directory.lost(position);
        tail = Math.max(tail, position);
    }

    /** An entry was written. */
    void apply(Entry entry, long position, int length) {
        tail = position;
        if (entry instanceof Note) {
            notes.put(new Stored(position, entry));
            return;
        }
        for (Topic topic : Records.topicsOf(entry)) {
            applyTo(topic, entry, position);
        }
        if (entry instanceof TopicDeleted deletion) {
            applyDeletion(deletion.topic(), position);
        }
        events++;
        bytes += weight(entry, length);
    }

    private void applyTo(Topic topic, Entry entry, long position) {
        History<Facts> history =
                entry instanceof TopicEnded ? directory.end(topic, position) : directory.add(topic, position);
        dirty.add(history);
        noteSurplus(history);
    }

    private void noteSurplus(History<Facts> history) {
        if (isSurplus(history)) {
            surplus.add(history);
        }
    }

    /** Whether a topic's oldest event must go. */
    boolean isSurplus(History<Facts> history) {
        return history.events() > retention.eventsPerTopic()
                || history.events() > 1 && history.extra().kept > 0
                || history.extra().kept > 0 && history.ended() > 0;
    }

    private void applyDeletion(Topic topic, long position) {
        History<Facts> history = directory.delete(topic, position);
        setKept(history, 0);
        surplus.remove(history);
        dirty.add(history);
        Map<Topic, Long> more = new HashMap<>(deletions);
        more.put(topic, position);
        deletions = Map.copyOf(more);
    }

    /** A topic's event at this position stays beyond its age; 0 for none. */
    void setKept(History<Facts> history, long position) {
        Facts facts = history.extra();
        if (facts.kept > 0) {
            kept.computeIfPresent(facts.kept, (at, topics) -> topics == 1 ? null : topics - 1);
        }
        facts.kept = position;
        if (position > 0) {
            kept.merge(position, 1, Integer::sum);
        }
    }

    /** A topic lets its oldest event go, which is at this position. */
    void removeOldest(History<Facts> history, long position, Removal removal) throws RocksDBException {
        if (history.extra().kept == position) {
            setKept(history, 0);
        }
        removal.unindex(history, position);
        directory.removeOldest(history, position);
        changed(history, removal);
    }

    /** The record of a deletion goes. */
    void forgetDeletion(Topic topic, long position, Removal removal) throws RocksDBException {
        History<Facts> history = directory.find(topic);
        directory.forgetDeletion(topic, position);
        if (history != null) {
            changed(history, removal);
        }
    }

    private void changed(History<Facts> history, Removal removal) throws RocksDBException {
        if (directory.find(history.topic()) == history) {
            removal.changed.add(history);
            if (!isSurplus(history)) {
                surplus.remove(history);
            }
        } else {
            dirty.remove(history);
            surplus.remove(history);
            removal.changed.remove(history);
            removal.forget(history);
        }
    }

    /** An entry goes if no topic holds it any more. */
    void release(Entry entry, long position, int length, Removal removal) throws RocksDBException {
        for (Topic topic : Records.topicsOf(entry)) {
            if (directory.holds(topic, position)) {
                return;
            }
        }
        removal.delete(entry, position);
        events--;
        bytes -= weight(entry, length);
    }

    /** The records of these topics are as they should be once this is written. */
    void recorded(History<Facts> history) {
        dirty.remove(history);
    }

    /** All records are as they were when the tail was here, or newer. */
    void checkpoint(long position) {
        checkpoint = position;
    }

    Facts.OfLog ofLog() {
        return new Facts.OfLog(directory.birth(), directory.floor(), tail, checkpoint, front, events, bytes);
    }
}
