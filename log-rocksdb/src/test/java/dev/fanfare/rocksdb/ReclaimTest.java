package dev.fanfare.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Stored;
import dev.fanfare.hub.TestClock;
import dev.fanfare.stream.Event;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What gives the disk back takes nothing that is held. */
class ReclaimTest {

    @TempDir
    @SuppressWarnings("NullAway") // JUnit sets it
    Path directory;

    private final TestClock clock = new TestClock(1_763_683_200_000L);

    @Test
    void eventsKeptBeyondTheirAgeStayWhenWholeFilesGo() throws Exception {
        Retention retention =
                new Retention(Duration.ofMinutes(1), 1L << 30, Long.MAX_VALUE, true, 1_000, Duration.ZERO);
        try (RocksLog log = RocksLog.open(directory, retention, Durability.OS, Duration.ZERO, clock)) {
            for (int i = 0; i < 100; i++) {
                log.append(List.of(Publication.of("t/" + i % 10, Event.message("event " + i))))
                        .toCompletableFuture()
                        .join();
            }
            log.reclaim(); // all in one file
            clock.advance(Duration.ofMinutes(2));
            log.append(List.of(Publication.of("new", Event.message("new"))))
                    .toCompletableFuture()
                    .join();
            log.retain();

            log.reclaim();

            List<Stored> held = log.read(Reading.of(Selection.of("**"), Position.START, 100, 1 << 20))
                    .toCompletableFuture()
                    .join()
                    .entries();
            assertThat(held).hasSize(11);
            Audit.of(log, "after the files went");
        }
    }
}
