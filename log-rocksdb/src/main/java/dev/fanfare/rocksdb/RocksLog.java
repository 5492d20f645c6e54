package dev.fanfare.rocksdb;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.Entry;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Stored;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;

/**
 * A log on the disk of one machine. What it acknowledged survives the end of the process in any way; with {@link Durability#DISK} the
 * loss of power too. What it had given out and a start does not find again, because power was lost or a file is damaged, it says: the
 * floor rises, and clients that had seen more, or might have missed it, get {@code log-lost}.
 *
 * <p>Retention is applied in the background, several times a second. When the disk is full, appends are refused with {@link
 * AppendRefused.Reason#DISK_FULL} and reads go on; there is room again when retention or an operator has made some.
 */
public final class RocksLog implements EventLog {

    private static final int READERS = 4;
    private static final long RETENTION_MILLIS = 250;
    private static final System.Logger LOG = System.getLogger(RocksLog.class.getName());

    private final DataDirectory directory;
    private final Retention retention;
    private final Durability durability;
    private final InstantSource clock;
    private final Mark mark;
    private final Keys keys;
    /** Write-locked while the store is closed and opened again. */
    private final ReadWriteLock inUse = new ReentrantReadWriteLock();

    private final ExecutorService readers = Executors.newFixedThreadPool(READERS, named("fanfare-log-reader"));
    private final ScheduledExecutorService retiring =
            Executors.newSingleThreadScheduledExecutor(named("fanfare-log-retention"));
    private final Committer committer = new Committer(this);
    private final Thread committing = named("fanfare-log-committer").newThread(committer);
    private volatile Opened opened;
    private volatile Retirement retirement;
    private final Room room;
    /** What was found to be unreadable, until it is dealt with. */
    private volatile @Nullable RocksDBException damage;

    private String lastFailure = "";
    private volatile boolean broken;
    private volatile boolean shut;
    private volatile boolean closing;
    private volatile boolean closed;

    private RocksLog(
            DataDirectory directory, Retention retention, Durability durability, InstantSource clock, Mark mark)
            throws RocksDBException, IOException {
        this.directory = directory;
        this.room = new Room(directory);
        this.retention = retention;
        this.durability = durability;
        this.clock = clock;
        this.mark = mark;
        this.keys = new Keys(retention.idempotency());
        this.opened = Recovery.start(directory, retention, keys, mark.past(), clock.millis());
        try {
            this.retirement = new Retirement(this);
            retirement.checkpoint();
            mark.inUse(durability == Durability.DISK, state().tail());
        } catch (RocksDBException | RuntimeException e) {
            readers.shutdown();
            retiring.shutdown();
            opened.store().close();
            throw e;
        }
        committing.start();
        retiring.scheduleWithFixedDelay(this::retire, RETENTION_MILLIS, RETENTION_MILLIS, TimeUnit.MILLISECONDS);
    }

    /**
     * Opens the log of a data directory, and makes it if it is not there.
     *
     * @param lockWait how long to wait for another process to let go of the directory
     * @throws DataDirectoryException if it cannot be used
     */
    public static RocksLog open(
            Path path, Retention retention, Durability durability, Duration lockWait, InstantSource clock) {
        DataDirectory directory = DataDirectory.open(path, lockWait);
        prepare();
        try {
            return new RocksLog(directory, retention, durability, clock, Mark.open(directory.mark()));
        } catch (RocksDBException | IOException e) {
            directory.close();
            throw new DataDirectoryException("the data directory " + path + " cannot be opened: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            directory.close();
            throw e;
        }
    }

    /** Loads what a first {@link #open} would have to load, which takes a tenth of a second; may be done beside other work. */
    public static void prepare() {
        NativeLibrary.load();
    }

    private static ThreadFactory named(String name) {
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    State state() {
        return opened.state();
    }

    Store store() {
        return opened.store();
    }

    Reads reads() {
        return opened.reads();
    }

    Keys keys() {
        return keys;
    }

    Mark mark() {
        return mark;
    }

    Committer committer() {
        return committer;
    }

    InstantSource clock() {
        return clock;
    }

    Retention retention() {
        return retention;
    }

    Durability durability() {
        return durability;
    }

    boolean isClosing() {
        return closing;
    }

    static AppendRefused closedLog() {
        return new AppendRefused(AppendRefused.Reason.UNAVAILABLE, "the log is closed");
    }

    /** Does something during which the store is not closed, unless it could not be opened again: {@link #isShut}. */
    void whileOpen(Runnable work) {
        inUse.readLock().lock();
        try {
            work.run();
        } finally {
            inUse.readLock().unlock();
        }
    }

    /** Refuses an append for which there is no room, or no store. */
    void checkWritable() {
        room.check();
        if (broken) {
            throw notOpen();
        }
    }

    /** To be told what is written, by the committer. */
    void writing(long bytes) throws RocksDBException {
        room.writing(bytes, store());
    }

    /** Whether the store could not be opened again yet. */
    boolean isShut() {
        return shut;
    }

    static AppendRefused notOpen() {
        return new AppendRefused(
                AppendRefused.Reason.UNAVAILABLE, "the log could not be written and is being opened again; try again");
    }

    /** A write has failed, or what is there is damaged: nothing is appended until the store is opened again. */
    AppendRefused failed(RocksDBException failure) {
        if (Recovery.isDamage(failure)) {
            damage = failure;
        } else if (!broken) {
            LOG.log(
                    System.Logger.Level.ERROR,
                    "the log in " + directory + " could not be written: " + failure.getMessage());
        }
        broken = true;
        if (room.ranOut(failure)) {
            return room.refusal();
        }
        return new AppendRefused(
                AppendRefused.Reason.UNAVAILABLE, "the log could not be used: " + failure.getMessage());
    }

    /** Applies retention now, and blocks until it is done: for those who cannot wait a quarter of a second for the background. */
    public void retain() {
        now(Executors.callable(this::retire));
    }

    /** Gives the disk back what was removed, now; for tests, which cannot wait until it is much. */
    void reclaim() {
        now(() -> {
            retirement.reclaim();
            return null;
        });
    }

    private void now(Callable<?> work) {
        try {
            retiring.submit(work).get();
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private void retire() {
        if (closing) {
            return;
        }
        try {
            if (room.look(broken ? 0 : store().unflushed()) && broken) {
                reopen();
            }
            if (!broken) {
                room.flush(store());
                retirement.pass();
            }
        } catch (RocksDBException e) {
            failed(e);
        } catch (IOException | RuntimeException e) {
            if (!String.valueOf(e.getMessage()).equals(lastFailure)) { // once, not with every pass
                lastFailure = String.valueOf(e.getMessage());
                LOG.log(System.Logger.Level.ERROR, "retention failed in " + directory, e);
            }
        }
    }

    /** Closes and opens the store, which takes no write after one has failed, and leaves out what of it is damaged. */
    private void reopen() throws RocksDBException, IOException {
        inUse.writeLock().lock();
        try {
            shut = true; // until it is open again: a closed store must not be read
            RocksDBException found = damage;
            store().close();
            opened = Recovery.restart(directory, retention, keys, state(), found, clock.millis());
            damage = null;
            retirement = new Retirement(this);
            retirement.checkpoint();
            shut = false;
            broken = false;
            LOG.log(System.Logger.Level.INFO, "the log in " + directory + " is written again");
        } finally {
            inUse.writeLock().unlock();
        }
    }

    @Override
    public CompletionStage<long[]> append(List<? extends Entry> entries) {
        if (closed) {
            return CompletableFuture.failedFuture(closedLog());
        }
        return committer.append(entries);
    }

    private interface Question<T> {
        T answer(Reads reads) throws RocksDBException;
    }

    private <T> CompletionStage<T> ask(Question<T> question) {
        CompletableFuture<T> done = new CompletableFuture<>();
        try {
            readers.execute(() -> {
                inUse.readLock().lock();
                try {
                    if (closed) {
                        done.completeExceptionally(closedLog());
                    } else if (shut) {
                        done.completeExceptionally(notOpen());
                    } else {
                        done.complete(question.answer(reads()));
                    }
                } catch (RocksDBException e) {
                    done.completeExceptionally(Recovery.isDamage(e) ? failed(e) : e);
                } catch (RuntimeException e) {
                    done.completeExceptionally(e);
                } finally {
                    inUse.readLock().unlock();
                }
            });
        } catch (RejectedExecutionException shutDown) {
            done.completeExceptionally(closedLog());
        }
        return done;
    }

    @Override
    public CompletionStage<Page> read(Reading reading) {
        return ask(reads -> reads.read(reading));
    }

    @Override
    public CompletionStage<Long> tail() {
        return closed ? CompletableFuture.failedFuture(closedLog()) : CompletableFuture.completedFuture(state().tail());
    }

    @Override
    public CompletionStage<Long> before(Selection selection, int events) {
        return ask(reads -> reads.before(selection, events));
    }

    @Override
    public CompletionStage<Optional<Long>> find(Selection selection, String id) {
        return ask(reads -> reads.find(selection, id));
    }

    @Override
    public CompletionStage<Long> ended(Selection selection) {
        return ask(reads -> locked(state -> state.directory.ended(selection)));
    }

    @Override
    public CompletionStage<List<TopicSummary>> topics(String prefix, String after, int limit) {
        return ask(reads -> locked(state -> state.directory.list(prefix, after, limit)));
    }

    @Override
    public CompletionStage<List<Stored>> notes(String prefix) {
        return ask(reads -> locked(state -> state.notes.list(prefix, clock.millis())));
    }

    @Override
    public CompletionStage<Size> size() {
        return ask(reads -> locked(state -> new Size(
                state.directory.withEvents(),
                state.events(),
                state.bytes() + keys.bytes(),
                state.notes.size(),
                state.directory.floor(),
                reads.read())));
    }

    private <T> T locked(Function<State, T> question) {
        State state = state();
        state.lock.lock();
        try {
            return question.apply(state);
        } finally {
            state.lock.unlock();
        }
    }

    @Override
    public CompletionStage<Void> follow(long after, Follower follower) {
        return committer.follow(after, follower);
    }

    @Override
    public CompletionStage<Long> recent(long bytes) {
        return ask(reads -> reads.recent(bytes));
    }

    /** Takes no more, finishes what has come, and puts it all on the disk. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        closing = true;
        committer.stop();
        try {
            committing.join();
            retiring.shutdown();
            retiring.awaitTermination(1, TimeUnit.MINUTES);
            readers.shutdown();
            readers.awaitTermination(1, TimeUnit.MINUTES);
            if (!broken) {
                retirement.checkpoint();
                store().sync();
                mark.closed(durability == Durability.DISK, state().tail());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RocksDBException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the log in " + directory + " was not closed in order: " + e.getMessage());
        } finally {
            store().close();
            directory.close();
        }
    }
}
