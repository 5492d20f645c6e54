package dev.fanfare.hub;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A topic and how many of the newest events are its.
 *
 * @param topic its name
 * @param events how many, of those looked at
 */
public record BusyTopic(String topic, int events) {

    private static final int MOST_EVENTS = 10_000;

    /**
     * The topics with most of the newest events, of {@value #MOST_EVENTS} at most, after a position. It is found out by looking at what
     * the window holds when somebody asks, so that publishing costs nothing for it.
     */
    static List<BusyTopic> among(Line<WindowEntry> newest, long after, int topics) {
        Map<String, Integer> events = new HashMap<>();
        long last = newest.last();
        for (long i = last - 1; i >= Math.max(0, last - MOST_EVENTS); i--) {
            WindowEntry entry = newest.get(i);
            if (entry == null || entry.position() <= after) {
                break;
            }
            if (entry.publication() != null) {
                entry.topics().forEach(topic -> events.merge(topic.name(), 1, Integer::sum));
            }
        }
        return events.entrySet().stream()
                .map(it -> new BusyTopic(it.getKey(), it.getValue()))
                .sorted(Comparator.comparingInt(BusyTopic::events).reversed().thenComparing(BusyTopic::topic))
                .limit(topics)
                .toList();
    }
}
