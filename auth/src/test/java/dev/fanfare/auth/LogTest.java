package dev.fanfare.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.MemoryLog;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Selector;
import dev.fanfare.hub.TestClock;
import dev.fanfare.rocksdb.Durability;
import dev.fanfare.rocksdb.RocksLog;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** What the tests of tickets and revocations share: a log of either kind, and nodes on it. */
abstract class LogTest {

    /** In the middle of a second, in which tokens cannot say when they were issued. */
    final TestClock clock = new TestClock(1_763_683_200_500L);

    @TempDir
    @SuppressWarnings("NullAway") // JUnit sets it
    Path directory;

    @Nullable
    EventLog log;

    /** A node: what it knows is its own, the log is everyone's. */
    record Node(Revocations revocations, Tickets tickets) {}

    enum Kind {
        MEMORY,
        ROCKSDB
    }

    EventLog open(Kind kind) {
        EventLog opened = kind == Kind.MEMORY
                ? new MemoryLog(Retention.DEFAULT, clock)
                : RocksLog.open(directory.resolve("data"), Retention.DEFAULT, Durability.OS, Duration.ZERO, clock);
        log = opened;
        return opened;
    }

    /** All nodes are stopped; a log on disk is closed and opened again, another goes on, as one on a machine of its own. */
    EventLog restart(Kind kind, EventLog before) {
        if (kind == Kind.MEMORY) {
            return before;
        }
        before.close();
        return open(kind);
    }

    @AfterEach
    void closeLog() {
        if (log != null) {
            log.close();
        }
    }

    Node node(EventLog seen) {
        Revocations revocations = get(Revocations.start(seen));
        return new Node(revocations, get(Tickets.start(seen, revocations, clock)));
    }

    static <T> T get(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
    }

    static List<Selector> selectors(String... texts) {
        return Arrays.stream(texts).map(Selector::of).toList();
    }

    /** One who has a token, made now and good for so long. */
    Caller token(String user, Duration time, String... subscribe) {
        long issued = clock.millis() / 1_000 * 1_000;
        return new Caller(
                Caller.Kind.JWT,
                user,
                new Rights(selectors(subscribe), selectors("**"), true),
                issued + time.toMillis(),
                issued,
                "user " + user);
    }

    static Caller apiKey(String... subscribe) {
        return new Caller(
                Caller.Kind.API_KEY,
                null,
                new Rights(selectors(subscribe), selectors("**"), true),
                Long.MAX_VALUE,
                0,
                "key backend");
    }

    /** Fails for this reason, with a message that holds nothing of a secret. */
    static void assertRefused(CompletionStage<?> stage, AuthRefused.Reason reason, String said, String... secrets) {
        Throwable failure = catchThrowable(() -> get(stage));
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        assertThat(cause)
                .isInstanceOfSatisfying(
                        AuthRefused.class,
                        refused -> assertThat(refused.reason()).isEqualTo(reason))
                .hasMessageContaining(said);
        for (String secret : secrets) {
            for (String part : secret.split("\\.")) {
                assertThat(failure.toString() + cause).doesNotContain(part);
            }
        }
    }
}
