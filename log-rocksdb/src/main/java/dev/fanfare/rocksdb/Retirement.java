package dev.fanfare.rocksdb;

import dev.fanfare.hub.Entry;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicDeleted;
import dev.fanfare.hub.TopicDirectory.History;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/**
 * Removes what the log should not hold any more, a slice at a time: what a slice removes is read without the state's lock, and removed
 * under it, on disk and in memory at once. Also writes the topics' records, so that a start has little to count again. Confined to one
 * thread.
 */
final class Retirement {

    private static final int SLICE = 500;
    /** A checkpoint is written when so many records are behind, or after so many passes. */
    private static final int MOST_DIRTY = 10_000;

    private static final int PASSES_A_CHECKPOINT = 40;
    /** The files are put in order after so many removals: what is removed otherwise stays on disk until its files are rewritten. */
    private static final long REMOVALS_A_COMPACTION = 500_000;

    private final RocksLog log;
    private final State state;
    private final Store store;
    private final Retention retention;
    private final Bytes scratch = new Bytes();
    private long removed;
    private int passes;

    /** An entry with the length of its record. */
    private record Candidate(long position, Entry entry, int length) {}

    Retirement(RocksLog log) {
        this.log = log;
        this.state = log.state();
        this.store = log.store();
        this.retention = log.retention();
    }

    /** Removes all that is to be removed now. */
    void pass() throws RocksDBException {
        cleanDeleted();
        trimSurplus();
        long now = log.clock().millis();
        expireNotes(now);
        long front = state.front();
        age(Position.of(Math.max(0, now - retention.age().toMillis()), 0));
        log.keys().forget(store, Math.max(state.tail(), Position.of(now, 0)), retention.bytes() / 2);
        shrink(retention.bytes() - log.keys().bytes());
        if (state.front() > front && state.kept.isEmpty()) {
            log.committer().expired(state.front());
        }
        if (++passes % PASSES_A_CHECKPOINT == 0 || state.dirty.size() > MOST_DIRTY) {
            checkpoint();
        }
        compact();
    }

    private void expireNotes(long now) throws RocksDBException {
        boolean more = true;
        while (more && !log.isClosing()) {
            state.lock.lock();
            try {
                more = NoteRecords.expire(state, store, now, SLICE);
            } finally {
                state.lock.unlock();
            }
        }
    }

    /** What deletions have left. */
    private void cleanDeleted() throws RocksDBException {
        for (Map.Entry<Topic, Long> deletion : state.deletions().entrySet()) {
            byte[] prefix = Bytes.prefix(deletion.getKey().name());
            boolean more = true;
            while (more && !log.isClosing()) {
                List<byte[]> keys = new ArrayList<>();
                try (RocksIterator index = store.iterator(store.topics())) {
                    for (index.seek(prefix); index.isValid() && keys.size() < SLICE; index.next()) {
                        byte[] key = index.key();
                        if (!Bytes.startsWith(key, prefix) || Bytes.toLong(key, prefix.length) > deletion.getValue()) {
                            break;
                        }
                        keys.add(key);
                    }
                    index.status();
                }
                more = keys.size() == SLICE;
                List<Candidate> entries = new ArrayList<>();
                for (byte[] key : keys) {
                    candidate(Bytes.toLong(key, prefix.length), entries);
                }
                remove(removal -> {
                    for (byte[] key : keys) {
                        removal.unindex(key);
                    }
                    for (Candidate entry : entries) {
                        state.release(entry.entry, entry.position, entry.length, removal);
                    }
                });
                removed += keys.size();
            }
            if (!more) {
                state.lock.lock();
                try {
                    state.cleaned(deletion.getKey(), deletion.getValue());
                } finally {
                    state.lock.unlock();
                }
            }
        }
    }

    private void candidate(long position, List<Candidate> to) throws RocksDBException {
        byte[] record = store.get(store.events(), Bytes.ofLong(position));
        if (record != null) {
            to.add(new Candidate(position, Records.decode(record), record.length));
        }
    }

    /** The oldest events of topics that have too many. */
    private void trimSurplus() throws RocksDBException {
        List<History<Facts>> all;
        state.lock.lock();
        try {
            all = List.copyOf(state.surplus);
        } finally {
            state.lock.unlock();
        }
        for (History<Facts> history : all) {
            while (trim(history) && !log.isClosing()) {
                // until it has no more than it should
            }
        }
    }

    private boolean trim(History<Facts> history) throws RocksDBException {
        long wanted;
        long after;
        state.lock.lock();
        try {
            if (!state.isSurplus(history)) {
                state.surplus.remove(history);
                return false;
            }
            wanted = Math.max(1, history.events() - retention.eventsPerTopic());
            after = history.horizon();
        } finally {
            state.lock.unlock();
        }
        List<Candidate> oldest = new ArrayList<>();
        byte[] prefix = history.extra().prefix;
        try (RocksIterator index = store.iterator(store.topics())) {
            for (index.seek(Bytes.key(prefix, after + 1)); index.isValid(); index.next()) {
                byte[] key = index.key();
                if (!Bytes.startsWith(key, prefix) || oldest.size() == Math.min(wanted, SLICE)) {
                    break;
                }
                candidate(Bytes.toLong(key, prefix.length), oldest);
            }
            index.status();
        }
        remove(removal -> {
            for (Candidate old : oldest) {
                if (state.isSurplus(history) && history.holds(old.position)) {
                    state.removeOldest(history, old.position, removal);
                    state.release(old.entry, old.position, old.length, removal);
                }
            }
        });
        removed += oldest.size();
        return !oldest.isEmpty();
    }

    /** Everything older than this position, but for topics' newest if they are kept. */
    private void age(long before) throws RocksDBException {
        while (!log.isClosing()) {
            List<Candidate> old = oldest(state.front(), before);
            if (old.isEmpty()) {
                return;
            }
            evict(old, retention.keepLast());
        }
    }

    /** The oldest entries after a position and before another. */
    private List<Candidate> oldest(long after, long before) throws RocksDBException {
        List<Candidate> found = new ArrayList<>();
        try (RocksIterator entries = store.iterator(store.events())) {
            entries.seek(Bytes.ofLong(after + 1));
            while (entries.isValid() && found.size() < SLICE) {
                long position = Bytes.toLong(entries.key(), 0);
                if (position >= before || position > state.tail()) {
                    break;
                }
                byte[] record = entries.value();
                found.add(new Candidate(position, Records.decode(record), record.length));
                entries.next();
            }
            entries.status();
        }
        return found;
    }

    /** The oldest, until the log is no larger than this. */
    private void shrink(long most) throws RocksDBException {
        while (state.bytes() > most && state.events() > 1 && !log.isClosing()) {
            List<Candidate> old = new ArrayList<>();
            List<Long> kept;
            state.lock.lock();
            try {
                kept = state.kept.keySet().stream().limit(SLICE).toList();
            } finally {
                state.lock.unlock();
            }
            for (long position : kept) {
                candidate(position, old);
            }
            old.addAll(oldest(state.front(), Long.MAX_VALUE));
            long surplus = state.bytes() - most;
            int size = 0;
            for (; size < old.size() && surplus > 0; size++) {
                surplus -= State.weight(old.get(size).entry, old.get(size).length);
            }
            if (size == 0) {
                return;
            }
            evict(old.subList(0, size), false);
        }
    }

    private void evict(List<Candidate> old, boolean keepNewest) throws RocksDBException {
        List<Candidate> keptBefore = new ArrayList<>();
        remove(removal -> {
            for (Candidate entry : old) {
                evict(entry, keepNewest, removal, keptBefore);
            }
            state.front(Math.max(state.front(), old.get(old.size() - 1).position));
        });
        removed += old.size();
    }

    private void evict(Candidate old, boolean keepNewest, Removal removal, List<Candidate> keptBefore)
            throws RocksDBException {
        if (old.entry instanceof TopicDeleted deletion) {
            state.forgetDeletion(deletion.topic(), old.position, removal);
        }
        for (Topic topic : Records.topicsOf(old.entry)) {
            History<Facts> history = state.directory.find(topic);
            if (history == null || !history.holds(old.position)) {
                continue;
            }
            long kept = history.extra().kept;
            if (kept > 0 && kept < old.position) {
                keptBefore.clear();
                candidate(kept, keptBefore);
                state.removeOldest(history, kept, removal);
                for (Candidate before : keptBefore) {
                    state.release(before.entry, before.position, before.length, removal);
                }
            }
            if (keepNewest && history.newest() == old.position && history.ended() == 0) {
                state.setKept(history, old.position);
                removal.changed.add(history);
            } else {
                state.removeOldest(history, old.position, removal);
            }
        }
        state.release(old.entry, old.position, old.length, removal);
    }

    private interface Work {
        void on(Removal removal) throws RocksDBException;
    }

    private void remove(Work work) throws RocksDBException {
        try (Removal removal = new Removal(store)) {
            state.lock.lock();
            try {
                work.on(removal);
                removal.write(state);
            } finally {
                state.lock.unlock();
            }
        }
    }

    /** Writes the records that are behind. */
    void checkpoint() throws RocksDBException {
        long tail = state.tail();
        boolean more = true;
        while (more) {
            try (WriteBatch batch = new WriteBatch()) {
                state.lock.lock();
                try {
                    List<History<Facts>> some =
                            state.dirty.stream().limit(SLICE).toList();
                    for (History<Facts> history : some) {
                        batch.put(store.directory(), history.extra().prefix, Facts.encode(history, scratch));
                        state.recorded(history);
                    }
                    more = some.size() == SLICE;
                    if (!more) {
                        state.checkpoint(tail);
                    }
                    batch.put(store.directory(), Facts.OfLog.KEY, state.ofLog().encode(scratch));
                    store.write(batch, false);
                } finally {
                    state.lock.unlock();
                }
            }
        }
    }

    private void compact() throws RocksDBException {
        if (removed > REMOVALS_A_COMPACTION || removed > 0 && state.events() == 0) {
            reclaim();
        }
    }

    /** Gives the disk back what was removed: whole files of old events at once, then the rest. */
    void reclaim() throws RocksDBException {
        removed = 0;
        state.lock.lock();
        try {
            if (state.deletions().isEmpty()) { // else some of it is still to be counted as it goes
                store.dropUpTo(
                        state.kept.isEmpty() ? state.front() : Math.min(state.front(), state.kept.firstKey() - 1));
            }
        } finally {
            state.lock.unlock();
        }
        store.compact();
    }
}
