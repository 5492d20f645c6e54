package dev.fanfare.rocksdb;

import static dev.fanfare.hub.Logs.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Selection;
import dev.fanfare.stream.Event;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResumeCostTest {

    private static final int TOPICS = 1_000;
    private static final int MISSED = 10;
    private static final int EVENTS = Boolean.getBoolean("fanfare.long") ? 300_000 : 100_000;
    private static final int ROUNDS = 400;

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path directory;

    /** A log with many events, and where ten were missed near its end and far from it. */
    private final class Filled implements AutoCloseable {
        final RocksLog log;
        final long far;
        final long near;

        Filled(String name, int events) {
            log = RocksLog.open(
                    directory.resolve(name), Retention.DEFAULT, Durability.OS, Duration.ZERO, InstantSource.system());
            append(events / 20);
            far = missTen();
            append(events - events / 20);
            near = missTen();
        }

        private long missTen() {
            long before = get(log.tail());
            List<Publication> missed = new ArrayList<>();
            for (int i = 0; i < MISSED; i++) {
                missed.add(Publication.of("one/topic", Event.message("missed " + i)));
            }
            log.append(missed).toCompletableFuture().join();
            return before;
        }

        private void append(int events) {
            for (int i = 0; i < events; i += 500) {
                List<Publication> some = new ArrayList<>();
                for (int j = i; j < Math.min(events, i + 500); j++) {
                    some.add(Publication.of("many/" + j % TOPICS, Event.message("x".repeat(200))));
                }
                log.append(some).toCompletableFuture().join();
            }
        }

        long micros(String selector, long after) {
            Selection selection = Selection.of(selector);
            long[] nanos = new long[ROUNDS];
            for (int i = 0; i < ROUNDS; i++) {
                long begin = System.nanoTime();
                Page page = log.read(Reading.of(selection, after, MISSED, 1 << 20))
                        .toCompletableFuture()
                        .join();
                nanos[i] = System.nanoTime() - begin;
                assertThat(page.entries()).hasSize(MISSED);
                assertThat(page.gap()).isNull();
            }
            Arrays.sort(nanos);
            return nanos[ROUNDS / 4] / 1_000;
        }

        @Override
        public void close() {
            log.close();
        }
    }

    @Test
    void resumingTenEventsCostsTheSameInALargeLog() {
        try (Filled small = new Filled("small", 1_000);
                Filled large = new Filled("large", EVENTS)) {
            for (String selector : new String[] {"one/topic", "one/*", "many/*", "**"}) {
                for (boolean near : new boolean[] {true, false}) {
                    if (near && selector.equals("many/*")) {
                        continue; // nothing of it was missed there
                    }
                    double best = Double.MAX_VALUE;
                    for (int attempt = 0; attempt < 5 && best >= 1.5; attempt++) {
                        long inSmall = small.micros(selector, near ? small.near : small.far);
                        long inLarge = large.micros(selector, near ? large.near : large.far);
                        best = Math.min(best, (inLarge + 5.0) / (inSmall + 5.0));
                        System.out.printf(
                                "%-10s %-5s %,d us in a log of 1,000, %,d us in one of %,d%n",
                                selector, near ? "near" : "far", inSmall, inLarge, EVENTS);
                    }
                    assertThat(best).as(selector + (near ? " near" : " far")).isLessThan(1.5);
                }
            }
        }
    }

    @Test
    void aFarLookBackReadsAndDecodesOnlyWhatItGives() {
        try (Filled large = new Filled("large", 20_000)) {
            EventLog log = large.log;
            long before = get(log.size()).read();
            get(log.read(Reading.of(Selection.of("one/topic"), large.far, MISSED, 1 << 20)));
            assertThat(get(log.size()).read() - before).isEqualTo(MISSED);
        }
    }
}
