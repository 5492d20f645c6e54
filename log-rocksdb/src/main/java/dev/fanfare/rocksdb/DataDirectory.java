package dev.fanfare.rocksdb;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A data directory that this process alone uses: a lock, the version of its format, the mark, and RocksDB's files in {@code db}. */
final class DataDirectory implements AutoCloseable {

    /** What this program writes. It reads no newer one. */
    static final int FORMAT = 1;

    /** What a directory may hold in which there is no log yet. */
    private static final Set<String> NOT_FOREIGN = Set.of("lock", "format.new", "lost+found");

    private static final Duration BETWEEN_TRIES = Duration.ofMillis(50);

    private final Path path;
    private final FileChannel lockFile;

    private DataDirectory(Path path, FileChannel lockFile) {
        this.path = path;
        this.lockFile = lockFile;
    }

    /**
     * Opens a directory, and makes it if it is not there.
     *
     * @throws DataDirectoryException if another process uses it for longer than {@code lockWait}, or its format is newer
     */
    static DataDirectory open(Path path, Duration lockWait) {
        try {
            Files.createDirectories(path);
            FileChannel lockFile = FileChannel.open(
                    path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                lock(lockFile, path, lockWait);
                DataDirectory directory = new DataDirectory(path, lockFile);
                directory.checkFormat();
                return directory;
            } catch (RuntimeException | IOException e) {
                lockFile.close();
                throw e;
            }
        } catch (FileAlreadyExistsException e) {
            throw new DataDirectoryException(e.getFile() + " is not a directory; name another with --data", e);
        } catch (AccessDeniedException e) {
            throw new DataDirectoryException(
                    "the data directory " + path + " cannot be used: this process may not write " + e.getFile()
                            + "; give its user the right to, or name another directory with --data",
                    e);
        } catch (IOException e) {
            throw new DataDirectoryException("the data directory " + path + " cannot be used: " + e.getMessage(), e);
        }
    }

    private static void lock(FileChannel file, Path path, Duration wait) throws IOException {
        long end = System.nanoTime() + wait.toNanos();
        while (tryLock(file) == null) {
            if (System.nanoTime() >= end) {
                ByteBuffer holder = ByteBuffer.allocate(20);
                file.read(holder, 0);
                throw new DataDirectoryException("the data directory " + path + " is in use by process "
                        + new String(holder.array(), StandardCharsets.US_ASCII).trim()
                        + "; stop that, or name another directory with --data");
            }
            LockSupport.parkNanos(BETWEEN_TRIES.toNanos());
        }
        file.truncate(0);
        file.write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
    }

    private static @Nullable FileLock tryLock(FileChannel file) throws IOException {
        try {
            return file.tryLock();
        } catch (OverlappingFileLockException heldHere) {
            return null;
        }
    }

    private void checkFormat() throws IOException {
        Path file = path.resolve("format");
        if (!Files.exists(file)) {
            checkIsOurs();
            Path whole = path.resolve("format.new"); // half a line would keep the next start out
            Files.writeString(whole, "fanfare " + FORMAT + "\n");
            Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        String text = Files.readString(file).trim();
        int version = text.matches("fanfare [0-9]{1,9}") ? Integer.parseInt(text.substring(8)) : -1;
        if (version < 0) {
            throw new DataDirectoryException(file + " says '" + text + "', not 'fanfare " + FORMAT
                    + "': this is no data directory of Fanfare; name another with --data");
        }
        if (version > FORMAT) {
            throw new DataDirectoryException(
                    "the data directory " + path + " has format " + version + ", and this Fanfare knows " + FORMAT
                            + "; run the newer Fanfare that wrote it, or name another directory with --data");
        }
    }

    /** Refuses a directory that something else is kept in. */
    private void checkIsOurs() throws IOException {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(path)) {
            for (Path file : all) {
                String name = file.getFileName().toString();
                if (!name.startsWith(".") && !NOT_FOREIGN.contains(name)) {
                    throw new DataDirectoryException("the directory " + path + " holds '" + name
                            + "' and is no data directory of Fanfare; name an empty or a new one with --data");
                }
            }
        }
    }

    Path database() {
        return path.resolve("db");
    }

    /** Where a new store is made that is to take the place of a damaged one; what an end in the middle of that left there goes. */
    Path rescued() throws IOException {
        Path rescued = path.resolve("db.new");
        if (Files.exists(rescued)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(rescued)) {
                for (Path file : files) {
                    Files.delete(file);
                }
            }
            Files.delete(rescued);
        }
        return rescued;
    }

    /** A new directory for what is damaged and might be of use to somebody yet. */
    Path aside() throws IOException {
        return Files.createTempDirectory(path, "damaged-");
    }

    Path mark() {
        return path.resolve("committed");
    }

    /** Where room is looked for; its FileStore is not found where its mount point is not seen, as in a chroot. */
    File file() {
        return path.toFile();
    }

    @Override
    public String toString() {
        return path.toString();
    }

    @Override
    public void close() {
        try {
            lockFile.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
