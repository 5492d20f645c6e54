package dev.fanfare.server;

import dev.fanfare.hub.Hub;
import io.netty.channel.EventLoopGroup;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How loaded a node is, from 0 to 1, measured each second: the larger of how full it is, from half of {@code limits.streams} on, and how
 * late its event loops are. The reconnection times that streams are told grow with it.
 */
final class Load {

    private static final double CALM_SHARE = 0.5;
    private static final double CALM_MILLIS = 200;
    private static final double MOST_MILLIS = 2_000;

    private final Hub hub;
    private final Admission admission;
    private final List<LoopLag> lags;
    private volatile double load;

    Load(Hub hub, Admission admission, List<LoopLag> lags, EventLoopGroup group) {
        this.hub = hub;
        this.admission = admission;
        this.lags = lags;
        group.scheduleAtFixedRate(this::measure, 1, 1, TimeUnit.SECONDS);
    }

    private void measure() {
        double late = 0;
        for (LoopLag lag : lags) {
            late = Math.max(late, lag.usualNanos() / 1e6);
        }
        load = of(admission.share(), late);
        hub.load(load);
    }

    static double of(double share, double lagMillis) {
        double full = (share - CALM_SHARE) / (1 - CALM_SHARE);
        double late = (lagMillis - CALM_MILLIS) / (MOST_MILLIS - CALM_MILLIS);
        return Math.max(0, Math.min(1, Math.max(full, late)));
    }

    double load() {
        return load;
    }
}
