package dev.fanfare.rocksdb;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.Entry;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Stored;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;

/**
 * The one thread that appends. It takes what has come since its last group, gives it positions, writes it as one batch, with one
 * fsync if asked to, and only then shows it: to the state, to the followers, to those who wait. Appends that come meanwhile make the
 * next group, so the slower the disk, the larger the groups.
 */
final class Committer implements Runnable {

    private static final int MOST_ENTRIES_A_GROUP = 8_192;
    private static final long MOST_BYTES_A_GROUP = 4L << 20;
    /** What waits here is what producers have sent and the disk has not taken; they are refused beyond it. */
    private static final long MOST_BYTES_WAITING = 64L << 20;

    private static final System.Logger LOG = System.getLogger(Committer.class.getName());

    private final RocksLog log;
    private final BlockingQueue<Task> tasks = new LinkedBlockingQueue<>();
    private final AtomicLong waiting = new AtomicLong();
    private final List<EventLog.Follower> followers = new ArrayList<>();
    private final List<Append> group = new ArrayList<>();
    private boolean running = true;

    /** Something for the committer's thread. */
    private sealed interface Task permits Append, Other {}

    /** Entries that are to be appended, all or none. */
    static final class Append implements Task {
        final List<? extends Entry> entries;
        final CompletableFuture<long[]> done = new CompletableFuture<>();
        final long bytes;
        long[] positions = {};

        Append(List<? extends Entry> entries) {
            this.entries = entries;
            long sum = 0;
            for (int i = 0; i < entries.size(); i++) {
                sum += 200;
                if (entries.get(i) instanceof Publication publication) {
                    sum += publication.event().data().length();
                } else if (entries.get(i) instanceof Note note) {
                    sum += note.value().length();
                }
            }
            this.bytes = sum;
        }
    }

    private record Other(Runnable work) implements Task {}

    Committer(RocksLog log) {
        this.log = log;
    }

    CompletableFuture<long[]> append(List<? extends Entry> entries) {
        Append append = new Append(entries);
        if (waiting.addAndGet(append.bytes) > MOST_BYTES_WAITING) {
            waiting.addAndGet(-append.bytes);
            return CompletableFuture.failedFuture(new AppendRefused(
                    AppendRefused.Reason.UNAVAILABLE, "the disk does not keep up with what is published; try again"));
        }
        tasks.add(append);
        return append.done;
    }

    /** Gives a follower what is there after a position, and then what comes. */
    CompletableFuture<Void> follow(long after, EventLog.Follower follower) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        execute(() -> log.whileOpen(() -> {
            try {
                if (log.isShut()) {
                    throw RocksLog.notOpen();
                }
                log.reads().forEach(after, follower::entries);
                followers.add(follower);
                done.complete(null);
            } catch (RocksDBException | RuntimeException e) {
                done.completeExceptionally(e);
            }
        }));
        return done;
    }

    void expired(long position) {
        execute(() -> followers.forEach(follower -> follower.expired(position)));
    }

    private void execute(Runnable work) {
        tasks.add(new Other(work));
    }

    /** Ends the thread when what has come before is done. */
    void stop() {
        execute(() -> running = false);
    }

    @Override
    public void run() {
        while (running) {
            try {
                next(tasks.take());
            } catch (InterruptedException e) {
                running = false;
            } catch (RuntimeException | Error e) {
                LOG.log(System.Logger.Level.ERROR, "the log's committer failed", e);
            }
        }
        for (Task task = tasks.poll(); task != null; task = tasks.poll()) {
            if (task instanceof Append append) {
                append.done.completeExceptionally(RocksLog.closedLog());
            }
        }
    }

    private void next(Task first) {
        Task task = first;
        long entries = 0;
        long bytes = 0;
        while (task instanceof Append append) {
            group.add(append);
            entries += append.entries.size();
            bytes += append.bytes;
            task = entries < MOST_ENTRIES_A_GROUP && bytes < MOST_BYTES_A_GROUP ? tasks.poll() : null;
        }
        try {
            if (!group.isEmpty()) {
                waiting.addAndGet(-bytes);
                log.whileOpen(this::commit);
            }
        } finally {
            group.clear();
        }
        if (task instanceof Other other) {
            other.work().run();
        }
    }

    private void commit() {
        List<Append> taken = new ArrayList<>(group.size());
        @Nullable Throwable failure = null;
        List<Stored> added = List.of();
        try (Group writes = new Group(log)) {
            for (int i = 0; i < group.size(); i++) {
                Append append = group.get(i);
                try {
                    append.positions = writes.add(append.entries);
                    taken.add(append);
                } catch (AppendRefused refused) {
                    append.done.completeExceptionally(refused);
                }
            }
            writes.commit();
            added = writes.added();
        } catch (RocksDBException e) {
            failure = log.failed(e);
        } catch (RuntimeException e) {
            failure = e;
        }
        if (failure == null && !added.isEmpty()) {
            for (int i = 0; i < followers.size(); i++) {
                followers.get(i).entries(added);
            }
        }
        for (int i = 0; i < taken.size(); i++) {
            Append append = taken.get(i);
            if (failure == null) {
                append.done.complete(append.positions);
            } else {
                append.done.completeExceptionally(failure);
            }
        }
        for (int i = 0; i < group.size(); i++) { // none may wait for ever, whatever failed
            group.get(i).done.completeExceptionally(failure == null ? RocksLog.closedLog() : failure);
        }
    }
}
