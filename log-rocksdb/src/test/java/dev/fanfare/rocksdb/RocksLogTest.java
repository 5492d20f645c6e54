package dev.fanfare.rocksdb;

import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.EventLogContract;
import dev.fanfare.hub.Retention;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.io.TempDir;

class RocksLogTest extends EventLogContract {

    @TempDir
    @SuppressWarnings("NullAway") // JUnit sets it
    Path directory;

    @Override
    protected EventLog open(Retention retention, InstantSource time) {
        try {
            return RocksLog.open(
                    Files.createTempDirectory(directory, "log"), retention, Durability.OS, Duration.ZERO, time);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void retain(EventLog log) {
        ((RocksLog) log).retain();
    }
}
