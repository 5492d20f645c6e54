package dev.fanfare.rocksdb;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.rocksdb.AbstractNativeReference;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * The RocksDB of a data directory. Positions and periods are 8 bytes, big-endian, so that they sort as numbers; 0 is a zero byte:
 *
 * <pre>
 * column family  key                       value
 * default        position                  the entry, as in {@link Records}
 * topics         topic 0 position          nothing
 * ids            id 0 position             nothing
 * keys           period topic 0 key        position, fingerprint of the publication
 * directory      topic 0                   what is known of the topic, as in {@link Facts}
 *                0                         what is known of the log
 * notes          position                  a note that holds, as in {@link Records}
 *                0                         position of the newest note, and the note
 * </pre>
 */
final class Store implements AutoCloseable {

    private static final long EVENT_BUFFER = 16L << 20;
    private static final long INDEX_BUFFER = 8L << 20;
    private static final long CACHE = 32L << 20;
    private static final long MOST_WAL = 64L << 20;
    private static final long SMALL_FILE = 1L << 20;
    private static final String[] FAMILIES = {"default", "topics", "ids", "keys", "directory", "notes"};

    private final List<AbstractNativeReference> owned = new ArrayList<>();
    private final List<ColumnFamilyHandle> families = new ArrayList<>();
    private final RocksDB db;
    private final ReadOptions reads = own(new ReadOptions());
    private final WriteOptions unsynced = own(new WriteOptions());
    private final WriteOptions synced = own(new WriteOptions().setSync(true));

    private Store(Path directory, boolean bestEfforts) throws RocksDBException {
        Cache cache = own(new LRUCache(CACHE));
        BlockBasedTableConfig table = new BlockBasedTableConfig()
                .setBlockCache(cache)
                .setFilterPolicy(own(new BloomFilter(10)))
                .setCacheIndexAndFilterBlocks(true)
                .setPinL0FilterAndIndexBlocksInCache(true);
        List<ColumnFamilyDescriptor> descriptors = new ArrayList<>();
        for (String family : FAMILIES) {
            ColumnFamilyOptions options = own(new ColumnFamilyOptions())
                    .setWriteBufferSize(family.equals("default") ? EVENT_BUFFER : INDEX_BUFFER)
                    .setCompressionType(CompressionType.LZ4_COMPRESSION)
                    .setLevelCompactionDynamicLevelBytes(true)
                    .setTableFormatConfig(table);
            descriptors.add(new ColumnFamilyDescriptor(family.getBytes(StandardCharsets.US_ASCII), options));
        }
        DBOptions options = own(verifyingWals())
                .setCreateIfMissing(true)
                .setCreateMissingColumnFamilies(true)
                .setAtomicFlush(true)
                .setWalRecoveryMode(WALRecoveryMode.PointInTimeRecovery)
                .setBestEffortsRecovery(bestEfforts)
                .setMaxTotalWalSize(MOST_WAL)
                .setMaxManifestFileSize(SMALL_FILE)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setMaxLogFileSize(SMALL_FILE)
                .setKeepLogFileNum(2)
                .setStatsDumpPeriodSec(0)
                .setMaxBackgroundJobs(2);
        try {
            db = RocksDB.open(options, directory.toString(), descriptors, families);
        } catch (RocksDBException e) {
            release();
            throw e;
        }
    }

    /** Opens it, and makes it if it is not there. A damaged end of its newest file is left out. */
    static Store open(Path directory) throws RocksDBException {
        return new Store(directory, false);
    }

    /**
     * Opens what is left of a damaged one: the newest state of which all files are whole. What was only in write-ahead logs is not part
     * of it; they are moved away, because the next start would take them for newer than what is written from now on.
     */
    static Store salvage(Path directory, Path aside) throws RocksDBException, IOException {
        try (DirectoryStream<Path> logs = Files.newDirectoryStream(directory, "*.log")) {
            for (Path log : logs) {
                Files.move(log, aside.resolve(log.getFileName()));
            }
        }
        return new Store(directory, true);
    }

    /** Every write-ahead log knows which was before it, so that one that is missing is noticed. There is no setter for it. */
    private static DBOptions verifyingWals() {
        Properties properties = new Properties();
        properties.setProperty("track_and_verify_wals", "true");
        return Objects.requireNonNull(DBOptions.getDBOptionsFromProps(properties), "track_and_verify_wals");
    }

    private <T extends AbstractNativeReference> T own(T reference) {
        owned.add(reference);
        return reference;
    }

    RocksDB db() {
        return db;
    }

    ColumnFamilyHandle events() {
        return families.get(0);
    }

    ColumnFamilyHandle topics() {
        return families.get(1);
    }

    ColumnFamilyHandle ids() {
        return families.get(2);
    }

    ColumnFamilyHandle keys() {
        return families.get(3);
    }

    ColumnFamilyHandle directory() {
        return families.get(4);
    }

    ColumnFamilyHandle notes() {
        return families.get(5);
    }

    List<ColumnFamilyHandle> families() {
        return families;
    }

    RocksIterator iterator(ColumnFamilyHandle family) {
        return db.newIterator(family, reads);
    }

    byte @Nullable [] get(ColumnFamilyHandle family, byte[] key) throws RocksDBException {
        return db.get(family, reads, key);
    }

    /** All of it or nothing; on the disk before this returns if {@code sync}. */
    void write(WriteBatch batch, boolean sync) throws RocksDBException {
        db.write(sync ? synced : unsynced, batch);
    }

    /** Bytes that are in memory and in write-ahead logs only. */
    long unflushed() throws RocksDBException {
        return db.getAggregatedLongProperty("rocksdb.cur-size-all-mem-tables");
    }

    /** Bytes that a flush of so many takes before it gives any back: files, and the next write-ahead log, which is made at its full length. */
    static long toFlush(long unflushed) {
        return unflushed + EVENT_BUFFER + EVENT_BUFFER / 10;
    }

    /** Writes what is in memory to files, so that their write-ahead logs go; returns when it is done. */
    void flush() throws RocksDBException {
        try (FlushOptions options = new FlushOptions()) {
            db.flush(options, families);
        }
    }

    /** Puts all that was written on the disk. */
    void sync() throws RocksDBException {
        db.syncWal();
    }

    /**
     * Drops the files in which no event is after this position; none of these is held. What lies below must not come to light again
     * when a file goes that says it was removed, so it is removed as a whole first.
     */
    void dropUpTo(long position) throws RocksDBException {
        byte[] begin = Bytes.ofLong(0);
        byte[] end = Bytes.ofLong(position + 1);
        db.deleteRange(events(), unsynced, begin, end);
        db.deleteFilesInRanges(events(), List.of(begin, end), false);
    }

    /** Rewrites the files, without what was removed. */
    void compact() throws RocksDBException {
        for (ColumnFamilyHandle family : families) {
            db.compactRange(family);
        }
    }

    private void release() {
        for (ColumnFamilyHandle family : families) {
            family.close();
        }
        for (int i = owned.size() - 1; i >= 0; i--) {
            owned.get(i).close();
        }
    }

    @Override
    public void close() {
        for (ColumnFamilyHandle family : families) {
            family.close();
        }
        families.clear();
        db.close();
        release();
    }
}
