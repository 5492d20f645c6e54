package dev.fanfare.rocksdb;

import dev.fanfare.hub.Note;
import dev.fanfare.hub.Notes;
import dev.fanfare.hub.Stored;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/**
 * The notes on disk: those that hold, and the newest that there was, so that a start knows how far the log had come although that
 * one has been removed since. They are all in memory too, as {@link State#notes}.
 */
final class NoteRecords {

    private static final byte[] NEWEST = Bytes.ofLong(0);

    private NoteRecords() {}

    /** Reads all of them. */
    static void load(Store store, Notes notes) throws RocksDBException {
        @Nullable Stored newest = null;
        long last = 0;
        try (RocksIterator records = store.iterator(store.notes())) {
            for (records.seekToFirst(); records.isValid(); records.next()) {
                last = Bytes.toLong(records.key(), 0);
                byte[] value = records.value();
                if (last == 0) {
                    byte[] record = new byte[value.length - 8];
                    System.arraycopy(value, 8, record, 0, record.length);
                    newest = new Stored(Bytes.toLong(value, 0), Records.decode(record));
                } else {
                    notes.put(new Stored(last, Records.decode(value)));
                }
            }
            records.status();
        }
        if (newest != null && newest.position() > last) {
            notes.put(newest);
        }
    }

    /** Has these written in the place of those before them, of which {@code held} are on disk. */
    static void write(List<Stored> added, List<byte[]> records, Notes held, Store store, WriteBatch batch)
            throws RocksDBException {
        Map<String, Long> written = new HashMap<>();
        for (int i = 0; i < added.size(); i++) {
            Note note = (Note) added.get(i).entry();
            long position = added.get(i).position();
            @Nullable Long before = written.put(note.name(), position);
            @Nullable Stored onDisk = held.find(note.name());
            if (before != null) {
                batch.delete(store.notes(), Bytes.ofLong(before));
            } else if (onDisk != null) {
                batch.delete(store.notes(), Bytes.ofLong(onDisk.position()));
            }
            if (!note.isRemoval()) {
                batch.put(store.notes(), Bytes.ofLong(position), records.get(i));
            }
        }
        int last = added.size() - 1;
        batch.put(store.notes(), NEWEST, newest(added.get(last).position(), records.get(last)));
    }

    private static byte[] newest(long position, byte[] record) {
        byte[] value = new byte[8 + record.length];
        Bytes.put(value, 0, position);
        System.arraycopy(record, 0, value, 8, record.length);
        return value;
    }

    /** Lets go of those that have ended, at most so many, on disk and in memory at once; the state's lock is held. True if there may be more. */
    static boolean expire(State state, Store store, long now, int most) throws RocksDBException {
        List<Stored> gone = state.notes.expire(now, most);
        try (WriteBatch batch = new WriteBatch()) {
            for (Stored over : gone) {
                batch.delete(store.notes(), Bytes.ofLong(over.position()));
            }
            if (!gone.isEmpty()) {
                store.write(batch, false);
            }
        }
        return gone.size() == most;
    }
}
