package dev.fanfare.server;

import dev.fanfare.hub.Hub;
import io.netty.channel.EventLoopGroup;
import java.util.concurrent.TimeUnit;

/** Events and deliveries per second, over the last few seconds. */
final class Rates {

    private static final int SECONDS = 5;

    private final Hub hub;
    private long events;
    private long deliveries;
    private volatile Figures figures = new Figures(0, 0);

    /** What was counted, per second. */
    record Figures(long events, long deliveries) {}

    Rates(Hub hub, EventLoopGroup group) {
        this.hub = hub;
        group.scheduleAtFixedRate(this::count, SECONDS, SECONDS, TimeUnit.SECONDS);
    }

    private void count() {
        long newEvents = hub.published();
        long newDeliveries = hub.deliveries();
        figures = new Figures((newEvents - events) / SECONDS, (newDeliveries - deliveries) / SECONDS);
        events = newEvents;
        deliveries = newDeliveries;
    }

    Figures figures() {
        return figures;
    }
}
