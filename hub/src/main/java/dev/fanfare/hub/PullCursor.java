package dev.fanfare.hub;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * A cursor read by a thread of the reader's own, which may block. It reads on only when what it has read was taken, so a reader that
 * stalls holds no more than one batch.
 */
public final class PullCursor implements AutoCloseable {

    private final Loop loop;
    private final Queue<Batch> read = new ArrayDeque<>();
    private @Nullable Cursor cursor;
    private boolean ended;

    private final Sink sink = new Sink() {
        @Override
        public boolean writable() {
            synchronized (read) {
                return read.isEmpty();
            }
        }

        @Override
        public int write(Batch batch) {
            synchronized (read) {
                read.add(batch);
                read.notifyAll();
            }
            return batch.frames().size();
        }

        @Override
        public void end() {
            synchronized (read) {
                ended = true;
                read.notifyAll();
            }
        }
    };

    PullCursor(Loop loop) {
        this.loop = loop;
    }

    void open(Subscription subscription) {
        loop.execute(() -> {
            Cursor opened = loop.open(subscription, sink);
            boolean closedMeanwhile;
            synchronized (read) {
                cursor = opened;
                closedMeanwhile = ended;
            }
            if (closedMeanwhile) {
                opened.close();
            } else if (sink.writable()) {
                opened.resume();
            }
        });
    }

    /**
     * The next batch of frames, as text of an event stream: the first one begins it, heartbeats are among them.
     *
     * @return null when none has come for {@code timeout}, or when the cursor has ended
     */
    public @Nullable Batch next(Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        Batch batch;
        Cursor drained = null;
        synchronized (read) {
            while (read.isEmpty() && !ended) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return null;
                }
                read.wait(left / 1_000_000, (int) (left % 1_000_000));
            }
            batch = read.poll();
            if (read.isEmpty() && !ended) {
                drained = cursor;
            }
        }
        if (drained != null) {
            execute(drained::resume);
        }
        return batch;
    }

    /** Whether the hub has ended it; what was read before can still be taken. */
    public boolean ended() {
        synchronized (read) {
            return ended;
        }
    }

    @Override
    public void close() {
        Cursor opened;
        synchronized (read) {
            ended = true;
            read.clear();
            read.notifyAll();
            opened = cursor;
        }
        if (opened != null) {
            execute(opened::close);
        }
    }

    private void execute(Runnable task) {
        try {
            loop.execute(task);
        } catch (RejectedExecutionException closed) {
            // the hub has closed, and has ended the cursor
        }
    }
}
