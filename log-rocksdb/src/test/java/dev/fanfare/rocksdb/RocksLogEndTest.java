package dev.fanfare.rocksdb;

import dev.fanfare.hub.EndContract;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Retention;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.io.TempDir;

class RocksLogEndTest extends EndContract {

    @TempDir
    @SuppressWarnings("NullAway") // JUnit sets it
    Path directory;

    @Override
    protected EventLog log(Retention retention, InstantSource clock) {
        try {
            return RocksLog.open(
                    Files.createTempDirectory(directory, "log"), retention, Durability.OS, Duration.ZERO, clock);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    protected void retain(EventLog log) {
        ((RocksLog) log).retain();
    }
}
