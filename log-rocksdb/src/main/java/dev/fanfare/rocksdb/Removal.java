package dev.fanfare.rocksdb;

import dev.fanfare.hub.Entry;
import dev.fanfare.hub.TopicDirectory.History;
import java.util.LinkedHashSet;
import java.util.Set;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * What is removed from the store at once, with the records that say so: the horizon on disk moves with what it stands for, never after.
 */
final class Removal implements AutoCloseable {

    /** Topics whose records are to be written. */
    final Set<History<Facts>> changed = new LinkedHashSet<>();

    private final Store store;
    private final WriteBatch batch = new WriteBatch();
    private final Bytes scratch = new Bytes();

    Removal(Store store) {
        this.store = store;
    }

    void unindex(History<Facts> history, long position) throws RocksDBException {
        batch.delete(store.topics(), Bytes.key(history.extra().prefix, position));
    }

    void unindex(byte[] key) throws RocksDBException {
        batch.delete(store.topics(), key);
    }

    /** A topic with nothing left has no record. */
    void forget(History<Facts> history) throws RocksDBException {
        batch.delete(store.directory(), history.extra().prefix);
    }

    void delete(Entry entry, long position) throws RocksDBException {
        batch.delete(store.events(), Bytes.ofLong(position));
        String id = Records.idOf(entry);
        if (id != null) {
            batch.delete(store.ids(), Bytes.key(Bytes.prefix(id), position));
        }
    }

    /** Writes it; the state's lock is held. */
    void write(State state) throws RocksDBException {
        for (History<Facts> history : changed) {
            batch.put(store.directory(), history.extra().prefix, Facts.encode(history, scratch));
            state.recorded(history);
        }
        batch.put(store.directory(), Facts.OfLog.KEY, state.ofLog().encode(scratch));
        store.write(batch, false);
    }

    @Override
    public void close() {
        batch.close();
    }
}
