package dev.fanfare.client;

import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Runs tasks one after another, in the order they came, on the threads of another executor. Each task is handed over by itself,
 * so that many of these share few threads fairly. Thread-safe.
 */
final class Serial implements Executor {

    private static final System.Logger LOG = System.getLogger(Serial.class.getName());

    private final Executor threads;
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private boolean busy; // guarded by tasks

    Serial(Executor threads) {
        this.threads = threads;
    }

    @Override
    public void execute(Runnable task) {
        synchronized (tasks) {
            tasks.add(task);
            if (busy) {
                return;
            }
            busy = true;
        }
        dispatch();
    }

    private void dispatch() {
        try {
            threads.execute(this::runOne);
        } catch (RejectedExecutionException e) {
            // an executor that was shut down under us: what is left, the last callback above all, still has to run
            Shared.callbacks().execute(this::runOne);
        }
    }

    private void runOne() {
        Runnable task;
        synchronized (tasks) {
            task = tasks.remove();
        }
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "a task failed; the next one runs", e);
        }
        synchronized (tasks) {
            if (tasks.isEmpty()) {
                busy = false;
                return;
            }
        }
        dispatch();
    }
}
