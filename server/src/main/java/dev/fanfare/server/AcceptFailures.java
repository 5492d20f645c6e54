package dev.fanfare.server;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;

/**
 * Behind the acceptor, which pauses for a second after each failure, as when there is no file descriptor left: says what to do about it,
 * at most once a minute. Confined to the listener's event loop.
 */
final class AcceptFailures extends ChannelInboundHandlerAdapter {

    private static final System.Logger LOG = System.getLogger(AcceptFailures.class.getName());
    private static final long QUIET_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Counters counters;
    private long lastSaid = System.nanoTime() - QUIET_NANOS;

    AcceptFailures(Counters counters) {
        this.counters = counters;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        counters.acceptsFailed.increment();
        long now = System.nanoTime();
        if (now - lastSaid >= QUIET_NANOS) {
            lastSaid = now;
            LOG.log(
                    System.Logger.Level.WARNING,
                    "cannot accept connections: {0}; open streams are served, and it is tried again each second."
                            + " If file descriptors have run out, raise their number (ulimit -n)",
                    cause.getMessage());
        }
    }
}
