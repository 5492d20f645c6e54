package dev.fanfare.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.Entry;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.TestClock;
import dev.fanfare.stream.Event;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.MutableColumnFamilyOptions;

/** What a log occupies, on the disk and in the heap, when much has come and gone. */
class VolumeTest {

    private static final boolean LONG = Boolean.getBoolean("fanfare.long");
    private static final int TOPICS = Integer.getInteger("fanfare.topics", LONG ? 1_000_000 : 20_000);
    private static final int EVENTS = 10;
    private static final long SLACK = 2L << 20;

    @TempDir
    @SuppressWarnings("NullAway") // JUnit sets it
    Path directory;

    private final TestClock clock = new TestClock(1_763_683_200_000L);

    @Test
    void topicsWhoseEventsAreAllGoneLeaveNothing() throws Exception {
        Retention minute =
                new Retention(Duration.ofMinutes(1), 8L << 30, Long.MAX_VALUE, false, 10_000_000, Duration.ZERO);
        try (RocksLog log = RocksLog.open(directory, minute, Durability.OS, Duration.ZERO, clock)) {
            publish(log, 100, 1); // so that what is loaded and cached once is
            clock.advance(Duration.ofMinutes(2));
            log.retain();
            long disk = disk();
            long heap = heap();
            publish(log, TOPICS, EVENTS);
            long fullDisk = disk();
            long fullHeap = heap();
            clock.advance(Duration.ofMinutes(2));
            long begin = System.nanoTime();
            log.retain();
            long took = (System.nanoTime() - begin) / 1_000_000;
            System.out.printf(
                    "%,d topics of %d events: disk %,d, then %,d, then %,d; heap %,d, then %,d, then %,d; gone in %,d ms%n",
                    TOPICS, EVENTS, disk, fullDisk, disk(), heap, fullHeap, heap(), took);

            assertThat(log.state().directory.size()).isZero();
            assertThat(log.state().events()).isZero();
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(disk()).as("disk").isLessThan(disk + disk / 10 + SLACK));
            assertThat(heap()).as("heap").isLessThan(heap + heap / 10 + SLACK);
            Audit.of(log, "when all is gone");
        }
    }

    @Test
    void aConstantLoadOccupiesAConstantAmountOfDisk() throws Exception {
        Retention small =
                new Retention(Duration.ofDays(1), 4L << 20, Long.MAX_VALUE, false, 10_000_000, Duration.ofSeconds(1));
        try (RocksLog log = RocksLog.open(directory, small, Durability.OS, Duration.ZERO, InstantSource.system())) {
            for (ColumnFamilyHandle family : log.store().families()) { // as large a load would be for the real sizes
                log.store()
                        .db()
                        .setOptions(
                                family,
                                MutableColumnFamilyOptions.builder()
                                        .setWriteBufferSize(512 << 10)
                                        .build());
            }
            int rounds = LONG
                    ? 2_000
                    : 800; // the disk goes up and down as files are merged: of few rounds the most says little
            List<Long> occupied = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                publish(log, 50, 10);
                log.retain();
                occupied.add(disk());
            }
            long middle = most(occupied.subList(rounds / 4, rounds / 2));
            long end = most(occupied.subList(rounds / 2, rounds));
            System.out.printf("disk: %,d in the second quarter, %,d in the second half%n", middle, end);
            assertThat(end).as("the most in the second half: %s", occupied).isLessThan(middle * 13 / 10);
        }
    }

    private static long most(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).max().orElse(0);
    }

    private static void publish(RocksLog log, int topics, int events) {
        String data = "x".repeat(200);
        List<CompletableFuture<long[]>> waiting = new ArrayList<>();
        for (int event = 0; event < events; event++) {
            for (int topic = 0; topic < topics; topic += 500) {
                List<Entry> entries = new ArrayList<>();
                for (int i = topic; i < Math.min(topics, topic + 500); i++) {
                    entries.add(Publication.of("answers/" + i, Event.message(data)));
                }
                waiting.add(log.append(entries).toCompletableFuture());
                if (waiting.size() == 20) {
                    waiting.forEach(CompletableFuture::join);
                    waiting.clear();
                }
            }
        }
        waiting.forEach(CompletableFuture::join);
    }

    private long disk() {
        return size(directory.toFile());
    }

    /** Files that go meanwhile count as nothing. */
    private static long size(File file) {
        File[] inside = file.listFiles();
        long sum = inside == null ? file.length() : 0;
        for (File each : inside == null ? new File[0] : inside) {
            sum += size(each);
        }
        return sum;
    }

    private static long heap() {
        Runtime runtime = Runtime.getRuntime();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
        }
        return least;
    }
}
