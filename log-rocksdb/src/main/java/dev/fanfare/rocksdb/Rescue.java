package dev.fanfare.rocksdb;

import dev.fanfare.hub.Entry;
import dev.fanfare.hub.Topic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/**
 * Moves what can be read of a store, some block of which is damaged, to a new one. Only events, idempotency keys and notes are taken
 * over, with the index of each event; what is known of the topics is counted again from these. The old store is kept aside as it is.
 */
final class Rescue {

    private static final byte[] NOTHING = {};
    private static final long BYTES_A_WRITE = 4L << 20;

    private final Store from;
    private final Store to;
    private final Bytes scratch = new Bytes();

    private Rescue(Store from, Store to) {
        this.from = from;
        this.to = to;
    }

    /**
     * Puts a new store in the place of a damaged one, which is closed.
     *
     * @return where the damaged one is kept
     */
    static Path replace(DataDirectory directory, Store damaged) throws RocksDBException, IOException {
        Path place = directory.database();
        Path rescued = directory.rescued();
        try (damaged) {
            try (Store whole = Store.open(rescued)) {
                new Rescue(damaged, whole).copy();
                whole.sync();
            }
        }
        Path aside = directory.aside();
        Files.move(place, aside.resolve("db"));
        Files.move(rescued, place);
        return aside;
    }

    private interface Copy {
        void of(byte[] key, byte[] value, WriteBatch batch) throws RocksDBException;
    }

    private void copy() throws RocksDBException {
        copy(from.events(), this::event);
        copy(from.keys(), (key, value, batch) -> batch.put(to.keys(), key, value));
        copy(from.notes(), (key, value, batch) -> batch.put(to.notes(), key, value));
    }

    private void event(byte[] key, byte[] record, WriteBatch batch) throws RocksDBException {
        Entry entry = Records.decode(record);
        long position = Bytes.toLong(key, 0);
        batch.put(to.events(), key, record);
        for (Topic topic : Records.topicsOf(entry)) {
            byte[] indexed = Bytes.key(Bytes.prefix(topic.name()), position);
            if (Records.topicsOf(entry).size() == 1 || isIndexed(indexed)) {
                batch.put(to.topics(), indexed, NOTHING);
            }
        }
        String id = Records.idOf(entry);
        if (id != null) {
            batch.put(to.ids(), Bytes.key(Bytes.prefix(id), position), NOTHING);
        }
    }

    /** Whether a topic still holds an event that others hold too; not if that cannot be read: what was deleted must not come back. */
    private boolean isIndexed(byte[] key) {
        try {
            return from.get(from.topics(), key) != null;
        } catch (RocksDBException damage) {
            return false;
        }
    }

    /** Copies what can be read of a family whose keys begin with a number. */
    private void copy(ColumnFamilyHandle family, Copy copy) throws RocksDBException {
        long next = 0;
        while (next >= 0) {
            next = copyFrom(family, next, copy);
        }
    }

    /** Copies from a number on; returns where to go on behind what cannot be read, or -1 at the end. */
    private long copyFrom(ColumnFamilyHandle family, long begin, Copy copy) throws RocksDBException {
        long at = begin;
        try (WriteBatch batch = new WriteBatch();
                RocksIterator all = from.iterator(family)) {
            for (all.seek(Bytes.ofLong(begin)); all.isValid(); all.next()) {
                at = Bytes.toLong(all.key(), 0);
                copy.of(all.key(), all.value(), batch);
                if (batch.getDataSize() > BYTES_A_WRITE) {
                    to.write(batch, false);
                    batch.clear();
                }
            }
            to.write(batch, false);
            if (isWhole(all)) {
                return -1;
            }
        }
        return behindDamage(family, at);
    }

    private static boolean isWhole(RocksIterator all) throws RocksDBException {
        try {
            all.status();
            return true;
        } catch (RocksDBException e) {
            if (Recovery.isDamage(e)) {
                return false;
            }
            throw e;
        }
    }

    /** The first number behind {@code last} from which on can be read: found in strides that double, then halve. */
    private long behindDamage(ColumnFamilyHandle family, long last) throws RocksDBException {
        long bad = last;
        long stride = 1;
        while (!canRead(family, bad + stride)) {
            bad += stride;
            stride *= 2;
            if (bad + stride < 0) {
                return -1;
            }
        }
        while (stride > 1) {
            stride /= 2;
            if (!canRead(family, bad + stride)) {
                bad += stride;
            }
        }
        return bad + 1;
    }

    private boolean canRead(ColumnFamilyHandle family, long number) throws RocksDBException {
        try (RocksIterator all = from.iterator(family)) {
            all.seek(Bytes.ofLong(number));
            return all.isValid() || isWhole(all);
        }
    }
}
