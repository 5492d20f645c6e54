package dev.fanfare.hub;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * Those who want to know when a topic ends, each called once, after the window has the end. Costs an entry nothing while there are
 * none. Thread-safe.
 */
final class EndListeners implements EventLog.Follower {

    private static final long RETRY_MILLIS = 500;
    private static final System.Logger LOG = System.getLogger(EndListeners.class.getName());

    private final EventLog log;
    private final EventLog.Follower window;
    private final Map<Topic, List<Runnable>> listeners = new ConcurrentHashMap<>();

    EndListeners(EventLog log, EventLog.Follower window) {
        this.log = log;
        this.window = window;
    }

    /** Calls {@code onEnd} when the topic's end comes, unless what this returns is closed before. */
    AutoCloseable add(Topic topic, Runnable onEnd) {
        Runnable once = onEnd::run; // its own identity, though the same is added twice
        listeners.compute(topic, (name, all) -> {
            List<Runnable> waiting = all == null ? new CopyOnWriteArrayList<>() : all;
            waiting.add(once);
            return waiting;
        });
        return () -> listeners.computeIfPresent(topic, (name, all) -> {
            all.remove(once);
            return all.isEmpty() ? null : all;
        });
    }

    @Override
    public void entries(List<Stored> entries) {
        window.entries(entries);
        if (listeners.isEmpty()) {
            return;
        }
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).entry() instanceof TopicEnded end) {
                call(end.topic());
            }
        }
    }

    @Override
    public void expired(long position) {
        window.expired(position);
    }

    /** An end may be among what is missing: of the topics that somebody waits for, the log is asked. */
    @Override
    public void lost(long position) {
        window.lost(position);
        listeners.keySet().forEach(this::ask);
    }

    private void ask(Topic topic) {
        log.ended(Selection.of(topic.name())).whenComplete((end, failure) -> {
            if (failure != null) {
                if (listeners.containsKey(topic)) {
                    CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS)
                            .execute(() -> ask(topic));
                }
            } else if (end != Position.START) {
                call(topic);
            }
        });
    }

    private void call(Topic topic) {
        List<Runnable> waiting = listeners.remove(topic);
        if (waiting != null) {
            waiting.forEach(EndListeners::call);
        }
    }

    private static void call(Runnable listener) {
        try {
            listener.run();
        } catch (RuntimeException failure) { // the log must not suffer from it
            LOG.log(System.Logger.Level.WARNING, "a listener to a topic's end failed", failure);
        }
    }
}
