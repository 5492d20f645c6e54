package dev.fanfare.rocksdb;

import org.rocksdb.RocksDBException;

/** A store that is open, with what is known of it in memory. Another takes its place when it is opened anew. */
record Opened(Store store, State state, Reads reads) {

    static Opened of(Store store, State state, Keys keys) throws RocksDBException {
        keys.count(store);
        return new Opened(store, state, new Reads(state, store));
    }
}
