package dev.fanfare.rocksdb;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.Entry;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Stored;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicDeleted;
import dev.fanfare.hub.TopicDirectory.History;
import dev.fanfare.hub.TopicEnded;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * Appends that become one write. What an append changes must be known to the next before any of it is written: that is kept here,
 * and taken back if the append is refused half-way. Confined to the committer's thread.
 */
final class Group implements AutoCloseable {

    private static final byte[] NOTHING = {};

    private final RocksLog log;
    private final State state;
    private final Store store;
    private final WriteBatch batch = new WriteBatch();
    private final Bytes scratch = new Bytes();
    private final List<Stored> added = new ArrayList<>();
    private final List<byte[]> records = new ArrayList<>();
    private final Map<Used, Keyed> keys = new HashMap<>();
    /** Topics that this group ends, with the position, or begins anew, with 0. */
    private final Map<Topic, Long> ends = new HashMap<>();

    private final Set<Topic> newTopics = new HashSet<>();
    private final Set<String> newNotes = new HashSet<>();
    private final Deque<Runnable> undo = new ArrayDeque<>();
    private long last;

    private record Used(Topic topic, String key) {}

    private record Keyed(long position, byte[] fingerprint) {}

    Group(RocksLog log) {
        this.log = log;
        this.state = log.state();
        this.store = log.store();
        this.last = state.tail();
    }

    List<Stored> added() {
        return added;
    }

    /**
     * Takes in an append.
     *
     * @return its positions
     * @throws AppendRefused if it is refused; then nothing of it is taken in
     */
    long[] add(List<? extends Entry> entries) throws RocksDBException {
        log.checkWritable();
        int size = added.size();
        long before = last;
        undo.clear();
        try {
            long[] positions = new long[entries.size()];
            for (int i = 0; i < positions.length; i++) {
                positions[i] = add(entries.get(i));
            }
            return positions;
        } catch (AppendRefused refused) {
            added.subList(size, added.size()).clear();
            records.subList(size, records.size()).clear();
            last = before;
            while (!undo.isEmpty()) {
                undo.pop().run();
            }
            throw refused;
        }
    }

    private long add(Entry entry) throws RocksDBException {
        Used used = null;
        byte[] fingerprint = NOTHING;
        if (entry instanceof Publication publication && publication.key() != null) {
            used = new Used(publication.topic(), publication.key());
            fingerprint = Records.fingerprint(publication, scratch);
            Keyed first = first(used);
            if (first != null && !Arrays.equals(first.fingerprint, fingerprint)) {
                throw AppendRefused.keyConflict(used.key, used.topic);
            }
            if (first != null) {
                return first.position;
            }
        }
        state.lock.lock();
        try {
            long end = entry instanceof TopicEnded ended ? endOf(ended.topic()) : 0;
            if (end > 0) {
                return end;
            }
            check(entry);
        } finally {
            state.lock.unlock();
        }
        last = Position.next(last, log.clock().millis());
        if (used != null) {
            Used key = used;
            keys.put(key, new Keyed(last, fingerprint));
            undo.push(() -> keys.remove(key));
        }
        if (entry instanceof TopicEnded ended) {
            noteEnd(ended.topic(), last);
        } else if (entry instanceof TopicDeleted deletion) {
            noteEnd(deletion.topic(), 0);
        }
        added.add(new Stored(last, entry));
        records.add(Records.encode(entry, scratch));
        return last;
    }

    private @Nullable Keyed first(Used used) throws RocksDBException {
        Keyed here = keys.get(used);
        if (here != null) {
            return here;
        }
        byte[] there = log.keys()
                .find(
                        store,
                        used.topic,
                        used.key,
                        Math.max(last, Position.of(log.clock().millis(), 0)));
        return there == null ? null : new Keyed(Bytes.toLong(there, 0), Arrays.copyOfRange(there, 8, there.length));
    }

    private long endOf(Topic topic) {
        Long here = ends.get(topic);
        if (here != null) {
            return here;
        }
        History<Facts> history = state.directory.find(topic);
        return history == null ? 0 : history.ended();
    }

    private void noteEnd(Topic topic, long position) {
        Long before = ends.put(topic, position);
        undo.push(() -> {
            if (before == null) {
                ends.remove(topic);
            } else {
                ends.put(topic, before);
            }
        });
    }

    private void check(Entry entry) {
        if (entry instanceof Note note
                && !newNotes.contains(note.name())
                && state.notes.addsOne(note, newNotes.size())) {
            newNotes.add(note.name());
            undo.push(() -> newNotes.remove(note.name()));
        }
        List<Topic> topics = Records.topicsOf(entry);
        for (int i = 0; i < topics.size(); i++) {
            Topic topic = topics.get(i);
            if (entry instanceof Publication && endOf(topic) > 0) {
                throw AppendRefused.ended(topic);
            }
            if (state.directory.find(topic) == null && newTopics.add(topic)) {
                undo.push(() -> newTopics.remove(topic));
                long all = state.directory.size() + newTopics.size();
                if (all > log.retention().topics()) {
                    throw AppendRefused.tooManyTopics(state.directory.size());
                }
            }
        }
    }

    /** Writes what was taken in, and then lets the state know of it. */
    void commit() throws RocksDBException {
        if (added.isEmpty()) {
            return;
        }
        List<Stored> notes = new ArrayList<>(0);
        List<byte[]> noteRecords = new ArrayList<>(0);
        for (int i = 0; i < added.size(); i++) {
            if (added.get(i).entry() instanceof Note) {
                notes.add(added.get(i));
                noteRecords.add(records.get(i));
            } else {
                write(added.get(i), records.get(i));
            }
        }
        if (!notes.isEmpty()) {
            state.lock.lock();
            try {
                NoteRecords.write(notes, noteRecords, state.notes, store, batch);
            } finally {
                state.lock.unlock();
            }
        }
        for (Map.Entry<Used, Keyed> key : keys.entrySet()) {
            log.keys()
                    .put(
                            store,
                            batch,
                            key.getKey().topic,
                            key.getKey().key,
                            key.getValue().position,
                            key.getValue().fingerprint);
        }
        log.writing(batch.getDataSize());
        store.write(batch, log.durability() == Durability.DISK);
        log.mark().committed(last);
        state.lock.lock();
        try {
            for (int i = 0; i < added.size(); i++) {
                state.apply(added.get(i).entry(), added.get(i).position(), records.get(i).length);
            }
        } finally {
            state.lock.unlock();
        }
    }

    private void write(Stored stored, byte[] record) throws RocksDBException {
        batch.put(store.events(), Bytes.ofLong(stored.position()), record);
        for (Topic topic : Records.topicsOf(stored.entry())) {
            batch.put(store.topics(), Bytes.key(Bytes.prefix(topic.name()), stored.position()), NOTHING);
        }
        String id = Records.idOf(stored.entry());
        if (id != null) {
            batch.put(store.ids(), Bytes.key(Bytes.prefix(id), stored.position()), NOTHING);
        }
    }

    @Override
    public void close() {
        batch.close();
    }
}
