package dev.fanfare.rocksdb;

import dev.fanfare.hub.Position;
import dev.fanfare.hub.Topic;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/**
 * Idempotency keys, in periods as long as they are remembered: two of them are looked into, and those before go at once, without a
 * look at each key.
 */
final class Keys {

    private final long window;
    private final AtomicLong bytes = new AtomicLong();

    Keys(Duration window) {
        this.window = Math.max(1, window.toMillis());
    }

    /** What the keys occupy. */
    long bytes() {
        return bytes.get();
    }

    /** Counts what is there at a start. */
    void count(Store store) throws RocksDBException {
        long sum = 0;
        try (RocksIterator keys = store.iterator(store.keys())) {
            for (keys.seekToFirst(); keys.isValid(); keys.next()) {
                sum += keys.key().length + keys.value().length;
            }
            keys.status();
        }
        bytes.set(sum);
    }

    private static byte[] key(long period, Topic topic, String key) {
        byte[] name = Bytes.prefix(topic.name() + '\0' + key);
        byte[] whole = new byte[8 + name.length];
        Bytes.put(whole, 0, period);
        System.arraycopy(name, 0, whole, 8, name.length);
        return whole;
    }

    private long period(long position) {
        return Position.millis(position) / window;
    }

    /** The position and fingerprint of the publication that used a key, if it is remembered at this position. */
    byte @Nullable [] find(Store store, Topic topic, String key, long now) throws RocksDBException {
        for (long period = period(now); period >= period(now) - 1; period--) {
            byte[] value = store.get(store.keys(), key(period, topic, key));
            if (value != null && Position.millis(Bytes.toLong(value, 0)) >= Position.millis(now) - window) {
                return value;
            }
        }
        return null;
    }

    void put(Store store, WriteBatch batch, Topic topic, String key, long position, byte[] fingerprint)
            throws RocksDBException {
        byte[] name = key(period(position), topic, key);
        byte[] value = new byte[8 + fingerprint.length];
        Bytes.put(value, 0, position);
        System.arraycopy(fingerprint, 0, value, 8, fingerprint.length);
        batch.put(store.keys(), name, value);
        bytes.addAndGet(name.length + value.length);
    }

    /** Forgets what is too old at this position, and all but the newest period's when they occupy more than {@code most}. */
    void forget(Store store, long now, long most) throws RocksDBException {
        forgetBefore(store, period(now) - 1);
        if (bytes.get() > most) {
            forgetBefore(store, period(now));
        }
        if (bytes.get() > most) {
            forgetBefore(store, period(now) + 1);
        }
    }

    private void forgetBefore(Store store, long period) throws RocksDBException {
        byte[] first;
        try (RocksIterator keys = store.iterator(store.keys())) {
            keys.seekToFirst();
            if (!keys.isValid() || Bytes.toLong(keys.key(), 0) >= period) {
                return;
            }
            first = keys.key();
        }
        byte[] end = Bytes.ofLong(period);
        store.db().deleteRange(store.keys(), first, end);
        store.db().deleteFilesInRanges(store.keys(), List.of(first, end), false);
        count(store);
    }
}
