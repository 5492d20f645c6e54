package dev.fanfare.rocksdb;

import dev.fanfare.hub.AppendRefused;
import java.io.File;
import org.rocksdb.RocksDBException;

/**
 * Room on the disk of a data directory. None is left when what is written now would be missing where files are put in order, or where
 * what is in memory becomes files: at a close, or at the next start.
 */
final class Room {

    /** What is kept free: a tenth of the disk within these bounds, and always what a flush takes and the least. */
    private static final long LEAST_RESERVE = 2L << 20;

    private static final long MOST_RESERVE = 128L << 20;
    /** The disk is looked at after so many bytes at the latest: much may be written between two passes of retention. */
    private static final long BYTES_A_LOOK = 1L << 20;

    private static final long WORTH_FLUSHING = 2L << 20;

    private final DataDirectory directory;
    private final File disk;
    private volatile boolean none;
    /** Bytes written since the disk was looked at; the committer's. */
    private long unlooked;

    Room(DataDirectory directory) {
        this.directory = directory;
        this.disk = directory.file();
    }

    /** Refuses what would fill the disk. */
    void check() {
        if (none) {
            throw refusal();
        }
    }

    AppendRefused refusal() {
        return new AppendRefused(
                AppendRefused.Reason.DISK_FULL,
                "the disk of " + directory + " is full; make room there, or lower retention.bytes or retention.age");
    }

    /** To be told what is written, by the committer. */
    void writing(long bytes, Store store) throws RocksDBException {
        unlooked += bytes;
        if (unlooked >= BYTES_A_LOOK) {
            unlooked = 0;
            look(store.unflushed());
        }
    }

    /**
     * Looks at the disk.
     *
     * @param unflushed bytes that are in memory and in write-ahead logs only
     * @return whether there is room
     */
    boolean look(long unflushed) {
        long total = disk.getTotalSpace();
        long reserve = Math.min(MOST_RESERVE, Math.max(LEAST_RESERVE, total / 10));
        long least = Math.max(reserve, Store.toFlush(unflushed) + LEAST_RESERVE);
        none = total > 0 && disk.getUsableSpace() < least;
        return !none;
    }

    /** Writes what is in memory to files where there is just the room for it left, since their write-ahead logs give more back. */
    void flush(Store store) throws RocksDBException {
        long unflushed = store.unflushed();
        if (none && unflushed > WORTH_FLUSHING && disk.getUsableSpace() > Store.toFlush(unflushed)) {
            store.flush();
        }
    }

    /** Whether a failure is that nothing was left. */
    boolean ranOut(RocksDBException failure) {
        boolean said = String.valueOf(failure.getMessage()).contains("No space left");
        none |= said;
        return said;
    }
}
