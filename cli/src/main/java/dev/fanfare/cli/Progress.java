package dev.fanfare.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Shows on a terminal how far work has come that takes longer than a second: a count and a rate, in one line that is rewritten. */
final class Progress implements AutoCloseable {

    private final AtomicLong count = new AtomicLong();
    private final PrintWriter terminal;
    private final long begin = System.nanoTime();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "fanfare-progress");
        thread.setDaemon(true);
        return thread;
    });

    private Progress(PrintWriter terminal) {
        this.terminal = terminal;
    }

    /** Shows progress if standard error is a terminal, which the launcher says. */
    static Progress on(PrintWriter err) {
        return on(err, System.getenv("FANFARE_TERMINAL") != null, 1000);
    }

    static Progress on(PrintWriter err, boolean terminal, long delayMillis) {
        Progress progress = new Progress(err);
        if (terminal) {
            progress.timer.scheduleAtFixedRate(progress::show, delayMillis, 250, TimeUnit.MILLISECONDS);
        }
        return progress;
    }

    /** Counts one more. Any thread. */
    void step() {
        count.incrementAndGet();
    }

    /** How many steps there were. */
    long count() {
        return count.get();
    }

    /** Leaves the last figures as a line of their own, if any were shown. */
    @Override
    public void close() {
        timer.shutdownNow();
        synchronized (this) {
            if (shown) {
                show();
                terminal.println();
                terminal.flush();
            }
        }
    }

    private boolean shown; // guarded by this

    private synchronized void show() {
        shown = true;
        double seconds = (System.nanoTime() - begin) / 1e9;
        terminal.printf(
                Locale.ROOT, "\r\033[K%,d events, %,.0f a second, %.0f s", count.get(), count.get() / seconds, seconds);
        terminal.flush();
    }
}
