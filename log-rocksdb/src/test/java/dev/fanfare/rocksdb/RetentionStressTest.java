package dev.fanfare.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.Entry;
import dev.fanfare.hub.Gap;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Stored;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicDeleted;
import dev.fanfare.hub.TopicDirectory.History;
import dev.fanfare.hub.TopicEnded;
import dev.fanfare.stream.Event;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.rocksdb.FlushOptions;
import org.rocksdb.RocksDBException;

/**
 * The books of readers, kept while others publish, end and delete topics, and retention removes all it can: by age, bytes and count,
 * with limits so small that most of what is read is about to go.
 */
class RetentionStressTest {

    private static final boolean LONG = Boolean.getBoolean("fanfare.long");
    private static final Duration TIME =
            Duration.ofMillis(Long.getLong("fanfare.stress.millis", LONG ? 60_000 : 1_500));
    private static final int PUBLISHERS = 4;
    private static final int READERS = 5;
    private static final String[] SELECTORS = {
        "**", "t/*", "t/**", "t/3", "t/1/x", "u", "t/*/x", "burst/*", "t/2", "@all"
    };

    @TempDir
    @SuppressWarnings("NullAway") // JUnit sets it
    Path directory;

    private final NavigableMap<Long, Entry> appended = new ConcurrentSkipListMap<>();
    private final Map<Topic, Long> deletedBefore = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<ReadPage> pages = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    private final AtomicLong gaps = new AtomicLong();
    private final AtomicLong read = new AtomicLong();
    private volatile boolean going = true;

    /**
     * A page as a reader got it.
     *
     * @param forgiven nothing is missing from it, without a word in it, but what was removed up to here
     * @param deleted topics that were deleted before it was asked for
     */
    private record ReadPage(Reading reading, Page page, long forgiven, Map<Topic, Long> deleted) {}

    @ParameterizedTest(name = "age {0} ms, {1} bytes, {2} events a topic, the newest kept: {3}")
    @CsvSource({
        "200, 100000000, 1000000, false",
        "200, 100000000, 1000000, true",
        "60000, 40000, 1000000, false",
        "300, 60000, 1000000, true",
        "60000, 100000000, 5, false",
        "300, 60000, 7, true",
    })
    void readersMissNothingUntoldWhateverIsRemoved(long age, long bytes, long events, boolean keepLast)
            throws Exception {
        long seed = Long.getLong("fanfare.seed", System.nanoTime());
        System.out.printf(
                "RetentionStressTest seed %d (-Dfanfare.seed), %d %d %d %s%n", seed, age, bytes, events, keepLast);
        Retention retention =
                new Retention(Duration.ofMillis(age), bytes, events, keepLast, 100_000, Duration.ofMillis(500));
        try (RocksLog log = open(retention)) {
            stress(log, seed);
            Audit.of(log, "seed " + seed);
            log.retain();
            Audit.of(log, "after retention, seed " + seed);
        }
        Retention all = new Retention(Duration.ofDays(1), 1L << 40, Long.MAX_VALUE, true, 100_000, Duration.ZERO);
        try (RocksLog again = open(all)) {
            Audit.of(again, "opened again, seed " + seed);
        }
    }

    private void stress(RocksLog log, long seed) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < PUBLISHERS; i++) {
            Random random = new Random(seed + i);
            int number = i;
            threads.add(start(() -> publish(log, number, random)));
        }
        for (int i = 0; i < READERS; i++) {
            Random random = new Random(seed - i - 1);
            threads.add(start(() -> readOn(log, random)));
        }
        threads.add(start(() -> retain(log)));
        threads.add(start(() -> churn(log, new Random(seed + 100))));
        long end = System.nanoTime() + TIME.toNanos();
        while (System.nanoTime() < end && wrong.isEmpty()) {
            pause(20);
        }
        going = false;
        for (Thread thread : threads) {
            thread.join();
        }
        pages.forEach(this::check);
        System.out.printf(
                "%,d appended, %,d read in %,d pages, %,d gaps, %,d left%n",
                appended.size(),
                read.get(),
                pages.size(),
                gaps.get(),
                log.state().events());
        assertThat(wrong.stream().limit(10))
                .as("%d wrong, seed %d", wrong.size(), seed)
                .isEmpty();
        assertThat(read.get()).as("events read").isPositive();
        assertThat(gaps.get()).as("gaps told").isPositive();
    }

    private RocksLog open(Retention retention) {
        return RocksLog.open(directory, retention, Durability.OS, Duration.ZERO, InstantSource.system());
    }

    private Thread start(Runnable work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (RuntimeException | Error e) {
                e.printStackTrace();
                wrong.add(e.toString());
            }
        });
        thread.start();
        return thread;
    }

    private void retain(RocksLog log) {
        while (going) {
            log.retain();
        }
    }

    /** Makes RocksDB move what it holds from memory to files and from file to file. */
    private void churn(RocksLog log, Random random) {
        try (FlushOptions options = new FlushOptions()) {
            while (going) {
                log.store().db().flush(options, log.store().families());
                if (random.nextInt(4) == 0) {
                    log.reclaim();
                }
                Thread.sleep(random.nextInt(30));
            }
        } catch (RocksDBException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void publish(RocksLog log, int number, Random random) {
        long burst = 0;
        for (int i = 0; going; i++) {
            List<Entry> entries = new ArrayList<>();
            for (int n = random.nextInt(4); n >= 0; n--) {
                entries.add(entry(random, "p" + number + "-" + i + "-" + n + "x".repeat(random.nextInt(80)), burst));
            }
            if (random.nextInt(20) == 0) {
                burst++;
            }
            try {
                long[] positions = log.append(entries).toCompletableFuture().join();
                for (int n = 0; n < positions.length; n++) {
                    Entry before = appended.putIfAbsent(positions[n], entries.get(n));
                    if (before != null && !(entries.get(n) instanceof TopicEnded)) {
                        wrong.add(positions[n] + " was given twice: " + before + " and " + entries.get(n));
                    }
                    if (entries.get(n) instanceof TopicDeleted deletion) {
                        deletedBefore.merge(deletion.topic(), positions[n], Math::max);
                    }
                }
            } catch (CompletionException e) {
                if (!(e.getCause() instanceof AppendRefused refused)
                        || refused.reason() != AppendRefused.Reason.ENDED) {
                    throw e;
                }
            }
            if (random.nextInt(50) == 0) {
                pause(random.nextInt(20));
            }
        }
    }

    private static Entry entry(Random random, String data, long burst) {
        int what = random.nextInt(400);
        if (what < 3) {
            return new TopicDeleted(topic(random, burst));
        }
        if (what < 6) {
            return new TopicEnded(Topic.of("burst/" + (burst + random.nextInt(3))), TopicEnded.Reason.DONE);
        }
        List<Topic> topics = new ArrayList<>();
        for (int n = random.nextInt(4) == 0 ? 2 : 0; n >= 0; n--) {
            topics.add(topic(random, burst));
        }
        Event event = Event.message(data);
        return new Publication(
                topics, random.nextInt(5) == 0 ? event.withId("id" + random.nextInt(1000)) : event, null);
    }

    private static Topic topic(Random random, long burst) {
        return switch (random.nextInt(12)) {
            case 0 -> Topic.of("u");
            case 1 -> Topic.of("burst/" + (burst + random.nextInt(3)));
            case 2 -> random.nextInt(4) == 0 ? Topic.ALL : Topic.of("t/1/x");
            case 3 -> Topic.of("t/2/x");
            default -> Topic.of("t/" + random.nextInt(6));
        };
    }

    private void readOn(RocksLog log, Random random) {
        while (going) {
            String[] selectors = new String[1 + random.nextInt(2)];
            for (int i = 0; i < selectors.length; i++) {
                selectors[i] = SELECTORS[random.nextInt(SELECTORS.length)];
            }
            Selection selection = Selection.of(selectors);
            session(log, selection, random);
            ask(log, selection, random);
        }
    }

    private void session(RocksLog log, Selection selection, Random random) {
        long after = startOf(log, random);
        long judged = Reading.EVERY_GAP;
        long forgiven = Position.START;
        for (int n = random.nextInt(40); n >= 0 && going; n--) {
            int events = 1 + random.nextInt(random.nextBoolean() ? 5 : 200);
            Reading reading = new Reading(selection, after, after, events, 1 << 20, false, judged);
            Map<Topic, Long> deleted = Map.copyOf(deletedBefore);
            Page page = log.read(reading).toCompletableFuture().join();
            if (page.gap() != null || after == Position.START) {
                forgiven = removedUpTo(log, reading);
            }
            pages.add(new ReadPage(reading, page, forgiven, deleted));
            after = page.scannedTo();
            judged = page.judged();
            if (random.nextInt(4) == 0) {
                pause(random.nextInt(30));
            }
        }
    }

    private long startOf(RocksLog log, Random random) {
        int kind = random.nextInt(10);
        if (kind == 0 || appended.isEmpty()) {
            return Position.START;
        }
        if (kind < 3) {
            return log.tail().toCompletableFuture().join();
        }
        long millis = System.currentTimeMillis() - random.nextInt(kind < 8 ? 100 : 600);
        Long near = appended.floorKey(Position.of(millis, 0));
        return near == null ? appended.firstKey() : near;
    }

    /** Nothing of a reading's topics was removed by now beyond this position. */
    private static long removedUpTo(RocksLog log, Reading reading) {
        State state = log.state();
        state.lock.lock();
        try {
            long most = state.directory.floor();
            for (History<Facts> history : state.directory.matching(reading)) {
                most = Math.max(most, history.horizon());
            }
            return most;
        } finally {
            state.lock.unlock();
        }
    }

    /** The other questions: their answers only have to be possible. */
    private void ask(RocksLog log, Selection selection, Random random) {
        long after = startOf(log, random);
        Reading reading = new Reading(selection, after, after, 50, 1 << 20, true, Reading.NO_GAP);
        Map<Topic, Long> deleted = Map.copyOf(deletedBefore);
        Page newest = log.read(reading).toCompletableFuture().join();
        checkEntries(new ReadPage(reading, newest, 0, deleted));
        log.before(selection, 1 + random.nextInt(20)).toCompletableFuture().join();
        log.find(selection, "id" + random.nextInt(1000)).toCompletableFuture().join();
        log.recent(random.nextInt(100_000)).toCompletableFuture().join();
        log.topics("", "", 10).toCompletableFuture().join();
        if (log.size().toCompletableFuture().join().events() < 0) {
            wrong.add("a negative number of events");
        }
    }

    private void check(ReadPage read) {
        checkEntries(read);
        if (read.page.gap() != null) {
            gaps.incrementAndGet();
            if (read.page.gap().reason() == Gap.Reason.LOG_LOST) {
                wrong.add("log-lost was told, and nothing was: " + read.reading);
            }
        }
        this.read.addAndGet(read.page.entries().size());
        Set<Long> found = new HashSet<>();
        read.page.entries().forEach(stored -> found.add(stored.position()));
        long begin = Math.max(read.reading.after(), read.forgiven);
        long end = read.page.scannedTo();
        if (begin >= end) {
            return;
        }
        appended.subMap(begin, false, end, true).forEach((position, entry) -> {
            if (isSelected(read.reading, entry) && !found.contains(position)) {
                wrong.add(position + " is missing from " + describe(read) + ": " + entry);
            }
        });
    }

    /** Broadcasts are left out of gaps, so nobody who did not ask for them by name is told that some are gone. */
    private static boolean isSelected(Reading reading, Entry entry) {
        return isWanted(reading, entry) && Records.topicsOf(entry).stream().anyMatch(reading.selection()::matches);
    }

    private static boolean isWanted(Reading reading, Entry entry) {
        return entry instanceof Publication publication
                ? reading.selection().reads(publication)
                : entry instanceof TopicEnded end && reading.selection().matches(end.topic());
    }

    private void checkEntries(ReadPage read) {
        long last = read.reading.after();
        for (Stored stored : read.page.entries()) {
            long position = stored.position();
            if (position <= last || position > read.page.scannedTo()) {
                wrong.add(position + " out of its order in " + describe(read));
            }
            last = position;
            if (!isWanted(read.reading, stored.entry())) {
                wrong.add(position + " is not of " + describe(read) + ": " + stored.entry());
            }
            if (Records.topicsOf(stored.entry()).stream()
                    .filter(topic -> read.reading.wants(topic, position))
                    .allMatch(topic -> read.deleted.getOrDefault(topic, 0L) >= position)) {
                wrong.add(position + " was deleted before " + describe(read) + ": " + stored.entry());
            }
            Entry original = appended.get(position);
            if (original != null && !going && !original.equals(stored.entry()) && !(original instanceof TopicEnded)) {
                wrong.add(position + " was " + original + " and is " + stored.entry());
            }
        }
    }

    private static String describe(ReadPage read) {
        return "the page (" + read.reading.after() + ", " + read.page.scannedTo() + "] of "
                + read.reading.selection().selectors() + ", gap " + read.page.gap() + ", judged "
                + read.reading.judged() + " to " + read.page.judged() + ", forgiven to " + read.forgiven;
    }

    private static void pause(int millis) {
        try {
            Thread.sleep(ThreadLocalRandom.current().nextInt(millis + 1));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
