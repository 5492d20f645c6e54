package dev.fanfare.auth;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Stored;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A log as a node sees it whose followers can be made to lag behind what others append, or never to hear of it, and whose disk can be
 * made full.
 */
final class LagLog {

    final EventLog seen;
    private final List<Runnable> held = new ArrayList<>();
    private final List<EventLog.Follower> followers = new ArrayList<>();
    private boolean holding;
    volatile boolean full;

    LagLog(EventLog log) {
        this.seen = (EventLog) Proxy.newProxyInstance(
                EventLog.class.getClassLoader(), new Class<?>[] {EventLog.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("follow")) {
                        EventLog.Follower follower = (EventLog.Follower) arguments[1];
                        followers.add(follower);
                        return log.follow((Long) arguments[0], entries -> take(follower, entries));
                    }
                    if (method.getName().equals("append") && full) {
                        return CompletableFuture.failedFuture(
                                new AppendRefused(AppendRefused.Reason.DISK_FULL, "made to be full"));
                    }
                    try {
                        return method.invoke(log, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private synchronized void take(EventLog.Follower follower, List<Stored> entries) {
        if (holding) {
            held.add(() -> follower.entries(entries));
        } else {
            follower.entries(entries);
        }
    }

    synchronized void hold() {
        holding = true;
    }

    /** What was held is not given any more. */
    synchronized void lose(long upTo) {
        holding = false;
        held.clear();
        followers.forEach(follower -> follower.lost(upTo));
    }

    synchronized void letGo() {
        holding = false;
        held.forEach(Runnable::run);
        held.clear();
    }
}
