package dev.fanfare.redis;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.IngressCounts;
import dev.fanfare.hub.IngressCounts.Outcome;
import dev.fanfare.hub.Publication;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Brings what services publish to channels of Redis' Pub/Sub into the log. One node of the hub does at a time: it has a lease, which it
 * renews; when it does not, another takes a lease with a higher number, and the append script refuses what still comes under the old one.
 * So a message becomes an event at most once. Pub/Sub keeps nothing: what is published while nobody subscribes is lost.
 *
 * <p>Messages wait for the log in order, as many as a bound on their bytes allows; what comes beyond is dropped. Whatever becomes of a
 * message is counted, and nothing that one holds ends the ingress.
 */
public final class Ingress implements AutoCloseable {

    private static final Logger LOG = System.getLogger(Ingress.class.getName());

    /** Within a lease and a tick another node has taken over, well within 2 s. */
    private static final long LEASE_MILLIS = 1_000;

    private static final long TICK_MILLIS = 250;
    private static final long CLOSE_SECONDS = 2;
    private static final long LOG_NANOS = TimeUnit.MINUTES.toNanos(1);
    /** What a message takes besides its bytes while it waits. */
    private static final int OVERHEAD = 500;

    private final Server server;
    private final Appends appends;
    private final String[] channels;
    private final long mostBytes;
    private final IngressCounts counts;
    private final MessageLog log = new MessageLog(LOG_NANOS);
    private final AtomicLong waiting = new AtomicLong();
    /** One thread; what waits for it is bounded by {@link #mostBytes}. */
    private final ExecutorService messages = new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Server.daemon("fanfare-ingress"),
            new ThreadPoolExecutor.DiscardPolicy());

    private final ScheduledExecutorService ticks =
            Executors.newSingleThreadScheduledExecutor(Server.daemon("fanfare-ingress-lease"));
    private volatile Mapping mapping;
    private volatile CompletionStage<?> lastAppend = CompletableFuture.completedFuture(null);
    private volatile @Nullable CompletableFuture<?> asking;
    private @Nullable Feed feed;
    private @Nullable String lastRefusal;
    private boolean closed;

    /** Makes messages events. Called by one thread at a time. */
    @FunctionalInterface
    public interface Mapping {
        /**
         * The event that a message is.
         *
         * @throws BadMessage if it is none
         */
        Publication publication(String channel, byte[] message);
    }

    Ingress(
            Server server,
            Appends appends,
            Set<String> channels,
            long mostBytes,
            Mapping mapping,
            IngressCounts counts) {
        this.server = server;
        this.appends = appends;
        this.channels = channels.toArray(String[]::new);
        this.mostBytes = mostBytes;
        this.mapping = mapping;
        this.counts = counts;
        ticks.scheduleWithFixedDelay(this::tick, 0, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Makes messages events otherwise from now on. */
    public void use(Mapping changed) {
        mapping = changed;
    }

    private void tick() {
        CompletableFuture<?> last = asking;
        if (last == null || last.isDone()) {
            asking = ask(LEASE_MILLIS).thenAccept(this::holds);
        }
    }

    private CompletableFuture<String> ask(long millis) {
        return server.ask(Script.ASK, "ingress", appends.node(), Long.toString(millis))
                .thenApply(reply -> reply.text(0));
    }

    /** Goes by the lease that this node has now; the empty one if another node has one. */
    private synchronized void holds(String lease) {
        if (closed) {
            return;
        }
        Feed last = feed;
        if (last != null && last.lease().equals(lease) && !last.isBroken()) {
            last.check();
        } else {
            if (last != null) {
                last.close();
                say(last.refusal());
            }
            feed = lease.isEmpty() ? null : Feed.open(server, lease, channels, this::received);
        }
        boolean active = feed != null && feed.isSubscribed();
        if (active != counts.active()) {
            counts.active(active);
            LOG.log(
                    Level.INFO,
                    active ? "this node bridges Redis channels now" : "this node bridges no Redis channels now");
        }
    }

    /** Once, and again when it has changed. */
    private void say(@Nullable String refusal) {
        if (refusal != null && !refusal.equals(lastRefusal)) {
            LOG.log(
                    Level.WARNING,
                    server + " refuses the subscription to the channels, whose messages are lost: " + refusal);
        }
        lastRefusal = refusal;
    }

    private void received(String lease, String channel, byte[] message) {
        long weight = OVERHEAD + message.length;
        long before = waiting.getAndAdd(weight);
        if (before > 0 && before + weight > mostBytes) { // the first one is taken, however large: the mapping judges it
            waiting.addAndGet(-weight);
            became(Outcome.DROPPED, "the log does not keep up");
        } else {
            messages.execute(() -> publish(lease, channel, message, weight));
        }
    }

    private void publish(String lease, String channel, byte[] message, long weight) {
        Publication publication;
        try {
            publication = mapping.publication(channel, message);
        } catch (BadMessage bad) {
            waiting.addAndGet(-weight);
            became(bad.outcome(), String.valueOf(bad.getMessage()));
            return;
        } catch (RuntimeException e) {
            waiting.addAndGet(-weight);
            became(Outcome.INVALID, e.getClass().getName());
            return;
        }
        lastAppend = appends.append(List.of(publication), lease).handle((positions, failure) -> {
            waiting.addAndGet(-weight);
            appended(failure instanceof CompletionException ? failure.getCause() : failure);
            return positions;
        });
    }

    private void appended(@Nullable Throwable failure) {
        if (failure == null) {
            counts.count(Outcome.PUBLISHED);
        } else if (failure instanceof LeaseLost lost) {
            became(Outcome.FENCED, String.valueOf(lost.getMessage()));
        } else {
            boolean isRefusal = failure instanceof AppendRefused;
            became(
                    Outcome.REFUSED,
                    isRefusal ? ((AppendRefused) failure).reason().name() : failure.toString());
        }
    }

    private void became(Outcome outcome, String why) {
        counts.count(outcome);
        log.lost(outcome, why);
    }

    /** Takes nothing more, lets what waits become events, and leaves the channels to another node. Blocks for some seconds at most. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            counts.active(false);
            if (feed != null) {
                feed.close();
            }
        }
        ticks.shutdownNow();
        messages.shutdown();
        try {
            messages.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        settle(lastAppend.toCompletableFuture());
        settle(ask(0));
    }

    private static void settle(CompletableFuture<?> stage) {
        stage.handle((value, failure) -> true)
                .completeOnTimeout(false, CLOSE_SECONDS, TimeUnit.SECONDS)
                .join();
    }
}
