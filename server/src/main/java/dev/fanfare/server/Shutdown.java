package dev.fanfare.server;

import dev.fanfare.hub.Cursor;
import dev.fanfare.hub.EndCause;
import dev.fanfare.hub.Hub;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * How a server ends. {@link #drain} lets streams go at a pace at which those who come back can be taken, {@link #finish} ends what is
 * left, at once and in good order. Both block their caller; a drain ends early when another thread begins to finish.
 */
final class Shutdown {

    private static final long PACE_MILLIS = 20;
    /** What is being answered when the listener has closed has so long for it. */
    private static final long LAST_ANSWERS_MILLIS = 2_000;

    private static final long SLACK_MILLIS = 1_000;

    private final Hub hub;
    private final Collection<Worker> workers;
    private final CompletableFuture<Void> finishing = new CompletableFuture<>();
    private volatile Phase phase = Phase.OPEN;

    private enum Phase {
        OPEN,
        /** Not ready any more, but whoever has not heard of it is still served. */
        DRAINING,
        /** Streams are ended, and none is begun. */
        REFUSING
    }

    Shutdown(Hub hub, Collection<Worker> workers) {
        this.hub = hub;
        this.workers = workers;
    }

    boolean hasBegun() {
        return phase != Phase.OPEN;
    }

    boolean refusesStreams() {
        return phase == Phase.REFUSING;
    }

    /** Takes new streams for a while yet, then ends all streams, spread over a time. */
    void drain(Duration delay, Duration time) {
        phase = Phase.DRAINING;
        await(finishing, delay.toMillis());
        phase = Phase.REFUSING;
        CompletableFuture<Void> ended = onEach(worker -> {
            CompletableFuture<Void> done = new CompletableFuture<>();
            new Pace(worker, time, done).run();
            return done;
        });
        await(CompletableFuture.anyOf(ended, finishing), time.toMillis() + SLACK_MILLIS);
    }

    /** Ends all streams, and every connection with the answers it is due. */
    void finish() {
        phase = Phase.REFUSING;
        finishing.complete(null);
        CompletableFuture<Void> answered = onEach(worker -> {
            cursors(worker).forEach(cursor -> cursor.end(EndCause.SHUTDOWN, hub.jitteredRetryMillis()));
            return worker.stop();
        });
        await(answered, LAST_ANSWERS_MILLIS);
    }

    private static List<Cursor> cursors(Worker worker) {
        List<Cursor> all = new ArrayList<>();
        worker.loop().forEach(all::add);
        return all;
    }

    /** Begins something on every worker's thread; completes when it is done on all of them. */
    private CompletableFuture<Void> onEach(Function<Worker, CompletableFuture<Void>> task) {
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (Worker worker : workers) {
            try {
                all.add(CompletableFuture.supplyAsync(() -> task.apply(worker), worker.eventLoop())
                        .thenCompose(Function.identity()));
            } catch (RejectedExecutionException ended) {
                // and with it all that was on this thread
            }
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
    }

    private static void await(CompletableFuture<?> future, long millis) {
        future.handle((done, failure) -> null)
                .completeOnTimeout(null, millis, TimeUnit.MILLISECONDS)
                .join();
    }

    /** Ends the streams of one loop in random order, as evenly over the time as can be. Confined to the loop's thread. */
    private final class Pace implements Runnable {
        private final Worker worker;
        private final List<Cursor> order;
        private final long nanos;
        private final long begin = System.nanoTime();
        /** When within its share of the time a stream ends. */
        private final double phase = ThreadLocalRandom.current().nextDouble();

        private final CompletableFuture<Void> done;
        private int ended;

        Pace(Worker worker, Duration time, CompletableFuture<Void> done) {
            this.worker = worker;
            this.order = cursors(worker);
            this.nanos = Math.max(1, time.toNanos());
            this.done = done;
            Collections.shuffle(order);
        }

        @Override
        public void run() {
            double passed = (double) (System.nanoTime() - begin) / nanos;
            int due = passed >= 1 ? order.size() : (int) (passed * order.size() + phase);
            for (; ended < due; ended++) {
                order.get(ended).end(EndCause.DRAIN, hub.jitteredRetryMillis());
            }
            if (worker.loop().cursors() == 0 || ended == order.size()) {
                done.complete(null);
            } else if (!finishing.isDone()) {
                worker.eventLoop().schedule(this, PACE_MILLIS, TimeUnit.MILLISECONDS);
            }
        }
    }
}
