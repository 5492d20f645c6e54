package dev.fanfare.server;

import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;

/** How late an event loop does what is due, looked at ten times a second. */
final class LoopLag implements Runnable {

    private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final double USUAL_TIMES = 50;

    private final EventLoop eventLoop;
    private final Metrics metrics;
    private long due;
    private volatile long recent;
    private volatile double usual;

    LoopLag(EventLoop eventLoop, Metrics metrics) {
        this.eventLoop = eventLoop;
        this.metrics = metrics;
        this.due = System.nanoTime() + EVERY_NANOS;
        eventLoop.schedule(this, EVERY_NANOS, TimeUnit.NANOSECONDS);
    }

    @Override
    public void run() {
        long now = System.nanoTime();
        long late = Math.max(0, now - due);
        metrics.loopLag(late);
        recent = Math.max(late, recent - recent / 8);
        usual += (late - usual) / USUAL_TIMES;
        due = now + EVERY_NANOS;
        eventLoop.schedule(this, EVERY_NANOS, TimeUnit.NANOSECONDS);
    }

    /** The average of some five seconds; for any thread. */
    double usualNanos() {
        return usual;
    }

    /** The worst of about the last second, fading; for any thread. */
    long recentNanos() {
        return recent;
    }
}
