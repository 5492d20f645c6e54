package dev.fanfare.hub;

import dev.fanfare.rocksdb.Durability;
import dev.fanfare.rocksdb.RocksLog;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.io.TempDir;

/** Cursors on the durable log; in their package, since they are tested from within. */
class RocksLogCursorTest extends CursorContract {

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path directory;

    @Override
    protected EventLog log(Retention retention, InstantSource clock) {
        try {
            return retaining(RocksLog.open(
                    Files.createTempDirectory(directory, "log"), retention, Durability.OS, Duration.ZERO, clock));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The contract expects retention at once; this log applies it in the background. */
    private static EventLog retaining(RocksLog log) {
        return (EventLog) Proxy.newProxyInstance(
                EventLog.class.getClassLoader(), new Class<?>[] {EventLog.class}, (proxy, method, arguments) -> {
                    Object result = method.invoke(log, arguments);
                    if (method.getName().equals("append")) {
                        ((CompletionStage<?>) result).toCompletableFuture().join();
                        log.retain();
                    }
                    return result;
                });
    }
}
