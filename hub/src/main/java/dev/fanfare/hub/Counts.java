package dev.fanfare.hub;

import java.util.concurrent.ConcurrentHashMap;

/** How many each of many has; who has none is forgotten. Thread-safe. */
public final class Counts {
    private final ConcurrentHashMap<String, Integer> counts = new ConcurrentHashMap<>();

    /** Counts one more, unless there are as many as may be. */
    public boolean add(String whose, int most) {
        boolean[] added = new boolean[1];
        counts.compute(whose, (key, count) -> {
            int before = count == null ? 0 : count;
            added[0] = before < most;
            return added[0] ? (Integer) (before + 1) : count;
        });
        return added[0];
    }

    /** Counts one less; of who has none it does nothing. */
    public void remove(String whose) {
        counts.computeIfPresent(whose, (key, count) -> count == 1 ? null : (Integer) (count - 1));
    }

    /** How many have any. */
    public int size() {
        return counts.size();
    }
}
