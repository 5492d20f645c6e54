package dev.fanfare.rocksdb;

import dev.fanfare.hub.Entry;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicDeleted;
import dev.fanfare.hub.TopicEnded;
import dev.fanfare.stream.Event;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.MutableColumnFamilyOptions;
import org.rocksdb.RocksDBException;

/**
 * A process that publishes into a log from several threads until it is killed, and writes down what it was promised, a line each,
 * after it was promised it. In a page that outlives it, it says what RocksDB and retention are doing just now.
 *
 * <pre>
 * p POSITION KEY TOPIC,TOPIC DATA      published; KEY is - for none
 * ? TOPIC                              about to be deleted
 * d POSITION TOPIC                     deleted
 * e POSITION TOPIC                     ended
 * ~ NAME                               about to be noted
 * n POSITION NAME VALUE                noted, for good; VALUE is - for removed
 * </pre>
 */
final class CrashingPublisher {

    static final int FLUSHING = 0;
    static final int COMPACTING = 1;
    static final int RETAINING = 2;
    /** How many promises there were, 8 bytes. */
    static final int PROMISES = 8;

    static final int PAGE = 64;
    static final int TOPICS = 12;

    private static final int THREADS = 4;

    private final RocksLog log;
    private final ByteBuffer page;
    private final FileOutputStream promises;
    private final String run;
    private long promised;

    private CrashingPublisher(RocksLog log, ByteBuffer page, FileOutputStream promises, String run) {
        this.log = log;
        this.page = page;
        this.promises = promises;
        this.run = run;
    }

    static Retention retention(String mode) {
        return mode.equals("count")
                ? new Retention(Duration.ofDays(1), 1L << 30, 200, false, 1_000_000, Duration.ofMinutes(10))
                : new Retention(Duration.ofDays(1), 600_000, 1_000_000, false, 1_000_000, Duration.ofMinutes(10));
    }

    static ByteBuffer page(Path file) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, PAGE);
        }
    }

    /** Arguments: the data directory, the page, the file of promises, the retention's mode, the name of this run. */
    public static void main(String[] args) throws Exception {
        RocksLog log = RocksLog.open(
                Path.of(args[0]), retention(args[3]), Durability.OS, Duration.ofSeconds(10), InstantSource.system());
        CrashingPublisher publisher =
                new CrashingPublisher(log, page(Path.of(args[1])), new FileOutputStream(args[2], true), args[4]);
        MutableColumnFamilyOptions small = MutableColumnFamilyOptions.builder()
                .setWriteBufferSize(64 << 10)
                .setLevel0FileNumCompactionTrigger(2)
                .build();
        for (ColumnFamilyHandle family : log.store().families()) {
            log.store().db().setOptions(family, small);
        }
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            int number = i;
            threads.add(new Thread(() -> publisher.publish(number)));
        }
        threads.add(new Thread(publisher::retain));
        threads.forEach(Thread::start);
        publisher.watch();
    }

    private void watch() throws RocksDBException {
        while (true) {
            boolean flushing = log.store().db().getLongProperty("rocksdb.num-running-flushes") > 0;
            boolean compacting = log.store().db().getLongProperty("rocksdb.num-running-compactions") > 0;
            page.put(FLUSHING, (byte) (flushing ? 1 : 0));
            page.put(COMPACTING, (byte) (compacting ? 1 : 0));
            LockSupport.parkNanos(100_000);
        }
    }

    private void retain() {
        while (true) {
            page.put(RETAINING, (byte) 1);
            log.retain();
            page.put(RETAINING, (byte) 0);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private void publish(int thread) {
        Random random = new Random();
        for (int i = 0; ; i++) {
            String data = run + "." + thread + "." + i + "." + "x".repeat(random.nextInt(200));
            List<Topic> topics = new ArrayList<>(List.of(Topic.of("t/" + random.nextInt(TOPICS))));
            if (random.nextInt(5) == 0) {
                topics.add(Topic.of("also/" + random.nextInt(3)));
            }
            String key = random.nextInt(4) == 0 ? "key-" + run + "." + thread + "." + i : null;
            long position = append(new Publication(topics, Event.message(data), key));
            promise("p " + Position.text(position) + " " + (key == null ? "-" : key) + " "
                    + String.join(",", topics.stream().map(Topic::name).toList()) + " " + data);
            if (i % 50 == 0) {
                comeAndGo(thread, i);
            }
            if (i % 10 == 0) {
                note("note/" + thread + "/" + random.nextInt(5), random.nextInt(4) == 0 ? "" : run + "." + i);
            }
        }
    }

    /** A topic that is deleted, and one that ends. */
    private void comeAndGo(int thread, int i) {
        Topic gone = Topic.of("gone/" + run + "." + thread + "." + i);
        append(Publication.of(gone.name(), Event.message("gone")));
        promise("? " + gone);
        promise("d " + Position.text(append(new TopicDeleted(gone))) + " " + gone);
        Topic done = Topic.of("done/" + run + "." + thread + "." + i);
        append(Publication.of(done.name(), Event.message("nearly done")));
        promise("e " + Position.text(append(new TopicEnded(done, TopicEnded.Reason.DONE))) + " " + done);
    }

    private void note(String name, String value) {
        promise("~ " + name);
        long position = append(new Note(name, value, Long.MAX_VALUE));
        promise("n " + Position.text(position) + " " + name + " " + (value.isEmpty() ? "-" : value));
    }

    private long append(Entry entry) {
        return log.append(List.of(entry)).toCompletableFuture().join()[0];
    }

    private synchronized void promise(String line) {
        try {
            promises.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            page.putLong(PROMISES, ++promised);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
