package dev.fanfare.server;

import java.util.concurrent.ConcurrentHashMap;

/** How many each of many has; who has none is forgotten. Thread-safe. */
final class Counts {

    private volatile int most;
    private final ConcurrentHashMap<String, Integer> counts = new ConcurrentHashMap<>();

    Counts(int most) {
        this.most = most;
    }

    /** From now on there may be so many; who has more keeps them. */
    void allow(int changed) {
        most = changed;
    }

    /** Counts one more, unless there are as many as may be. */
    boolean add(String whose) {
        boolean[] added = new boolean[1];
        counts.compute(whose, (key, count) -> {
            int before = count == null ? 0 : count;
            added[0] = before < most;
            return added[0] ? (Integer) (before + 1) : count;
        });
        return added[0];
    }

    void remove(String whose) {
        counts.computeIfPresent(whose, (key, count) -> count == 1 ? null : (Integer) (count - 1));
    }

    int size() {
        return counts.size();
    }
}
