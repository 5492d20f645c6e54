package dev.fanfare.rocksdb;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rocksdb.NativeLibraryLoader;
import org.rocksdb.RocksDB;

/**
 * RocksDB's native code, 15 MB. Unpacked to a directory of its own that is gone as soon as it is loaded: RocksDB itself removes its
 * copy only when the JVM exits by itself, so that each node that is killed, or halts, would leave one in the temporary directory.
 */
final class NativeLibrary {

    static {
        try {
            Path unpacked = Files.createTempDirectory("fanfare-rocksdb");
            try {
                NativeLibraryLoader.getInstance().loadLibrary(unpacked.toString());
            } finally {
                remove(unpacked);
            }
            RocksDB.loadLibrary();
        } catch (IOException e) {
            throw new UncheckedIOException("RocksDB's library cannot be unpacked to java.io.tmpdir", e);
        }
    }

    private NativeLibrary() {}

    /** Once for all callers; later ones wait for the first. */
    static void load() {
        // done by the initialisation of this class
    }

    private static void remove(Path unpacked) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(unpacked)) {
            for (Path file : files) {
                Files.delete(file);
            }
            Files.delete(unpacked);
        } catch (IOException e) {
            // where a loaded library cannot be removed, RocksDB's own removal at the exit has to do
        }
    }
}
