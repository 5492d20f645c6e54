package dev.fanfare.client;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What all sources and publishers of a process share: an HTTP client, a timer, and threads for callbacks.
 *
 * <p>Code of users runs on the callback threads only. They are a ForkJoinPool because a callback may wait for a stage of this
 * package, and such a wait makes the pool add a thread for its time, so that the completion it waits for finds one. The HTTP
 * client has threads of its own: a callback that blocks must not keep bytes from moving.
 */
final class Shared {

    private static final int THREADS =
            Math.min(16, Math.max(4, Runtime.getRuntime().availableProcessors()));

    private static final ForkJoinPool CALLBACKS = new ForkJoinPool(THREADS, Shared::callbackThread, null, true);

    private static final ScheduledThreadPoolExecutor TIMER = timer();

    private Shared() {}

    /** The client for those who bring none. It follows no redirect by itself: see {@link Connection}. */
    static HttpClient http() {
        return Http.CLIENT;
    }

    static ForkJoinPool callbacks() {
        return CALLBACKS;
    }

    /** Runs a task on the timer thread, which must not be held up: tasks only pass the work on. */
    static ScheduledFuture<?> after(Duration delay, Runnable task) {
        return TIMER.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static final class Http {
        static final HttpClient CLIENT = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(Duration.ofSeconds(10))
                .executor(pool())
                .build();

        private static ThreadPoolExecutor pool() {
            ThreadPoolExecutor pool = new ThreadPoolExecutor(
                    THREADS, THREADS, 30, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), daemons("fanfare-http-"));
            pool.allowCoreThreadTimeOut(true);
            return pool;
        }
    }

    private static ScheduledThreadPoolExecutor timer() {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, daemons("fanfare-timer-"));
        timer.setRemoveOnCancelPolicy(true);
        return timer;
    }

    private static ThreadFactory daemons(String prefix) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, prefix + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    private static ForkJoinWorkerThread callbackThread(ForkJoinPool pool) {
        ForkJoinWorkerThread thread = ForkJoinPool.defaultForkJoinWorkerThreadFactory.newThread(pool);
        thread.setName("fanfare-callback-" + thread.getPoolIndex());
        return thread;
    }
}
