package dev.fanfare.hub;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A log's topics in the order of their names, each with its events and its horizon, and the floor of all that are gone. Confined to
 * its owner's lock.
 */
final class TopicDirectory {

    private final NavigableMap<String, History> histories = new TreeMap<>();
    private final Map<String, History> byName = new HashMap<>();
    private final long birth;
    private long floor;
    private long floorRaised;
    private long highestHorizon;
    private long removals;
    private long withEvents;

    /** One topic's events. */
    static final class History {
        final Topic topic;
        final Line<Stored> events = new Line<>();
        /** Events up to and including this position may be gone. */
        long horizon;
        /** When the horizon was last raised, as a count of removals. */
        long raised;
        /** The position of the newest deletion, or 0. */
        long deleted;

        private History(Topic topic, long horizon, long raised) {
            this.topic = topic;
            this.horizon = horizon;
            this.raised = raised;
        }

        /** Whether an event of this topic at this position has not been removed. */
        boolean holds(long position) {
            return position > horizon;
        }

        long size() {
            return events.last() - events.first();
        }

        /** The oldest event; there must be one. */
        Stored oldest() {
            return requireNonNull(events.get(events.first()), "oldest event");
        }
    }

    TopicDirectory(long birth) {
        this.birth = birth;
        this.floor = birth;
        this.highestHorizon = birth;
    }

    long floor() {
        return floor;
    }

    /** Topics that hold events. */
    long withEvents() {
        return withEvents;
    }

    int size() {
        return histories.size();
    }

    @Nullable
    History find(Topic topic) {
        return byName.get(topic.name());
    }

    /** Whether this topic's event at this position is still here. */
    boolean holds(Topic topic, long position) {
        History history = byName.get(topic.name());
        return history != null && history.holds(position);
    }

    History add(Topic topic, Stored event) {
        History history = open(topic);
        if (history.events.isEmpty()) {
            withEvents++;
        }
        history.events.add(event);
        return history;
    }

    private History open(Topic topic) {
        History history = byName.get(topic.name());
        if (history == null) {
            history = new History(topic, floor, floorRaised);
            byName.put(topic.name(), history);
            histories.put(topic.name(), history);
        }
        return history;
    }

    /** Removes a topic's oldest event; the horizon moves first. A topic with nothing left folds into the floor. */
    Stored removeOldest(History history) {
        Stored oldest = history.oldest();
        raise(history, oldest.position());
        history.events.removeFirst();
        if (history.events.isEmpty()) {
            withEvents--;
            fold(history);
        }
        return oldest;
    }

    /** Forgets and returns a topic's events, but not that it was deleted: that stays until {@link #forgetDeletion}. */
    List<Stored> delete(Topic topic, long position) {
        History history = open(topic);
        raise(history, position);
        history.deleted = position;
        List<Stored> gone = new ArrayList<>();
        if (!history.events.isEmpty()) {
            withEvents--;
        }
        while (!history.events.isEmpty()) {
            gone.add(history.oldest());
            history.events.removeFirst();
        }
        return gone;
    }

    /** The record of a deletion has left the log. */
    void forgetDeletion(Topic topic, long position) {
        History history = byName.get(topic.name());
        if (history != null && history.deleted == position && history.events.isEmpty()) {
            fold(history);
        }
    }

    private void raise(History history, long position) {
        history.horizon = position;
        history.raised = ++removals;
        highestHorizon = Math.max(highestHorizon, position);
    }

    private void fold(History history) {
        floor = Math.max(floor, history.horizon);
        // also if the floor was higher: this topic's removals are told by it now
        floorRaised = Math.max(floorRaised, history.raised);
        highestHorizon = Math.max(highestHorizon, floor);
        histories.remove(history.topic.name());
        byName.remove(history.topic.name());
    }

    /** The topics a selector matches. */
    List<History> matching(Selector selector) {
        if (!selector.isPattern()) {
            History history = byName.get(selector.toString());
            return history == null ? List.of() : List.of(history);
        }
        List<History> found = new ArrayList<>();
        for (History history : below(selector.prefix())) {
            if (selector.matches(history.topic)) {
                found.add(history);
            }
        }
        return found;
    }

    private Collection<History> below(String prefix) {
        return prefix.isEmpty()
                ? histories.values()
                : histories.subMap(prefix, true, prefix + '\uffff', true).values();
    }

    /** How many removals there were; a gap judged now knows of them all. */
    long removals() {
        return removals;
    }

    /** What is missing for a reader that has read up to a position; null for nothing, or nothing it was not told before. */
    @Nullable
    Gap gap(Reading reading, long tail) {
        long after = reading.after();
        long judged = reading.judged();
        if (after == Position.START || judged == Reading.NO_GAP || after >= highestHorizon && after <= tail) {
            return null;
        }
        List<Selector> selectors = reading.selection().selectors();
        if (after > tail) {
            return new Gap(Gap.Reason.LOG_LOST, selectors);
        }
        List<Selector> missing = new ArrayList<>();
        boolean deletedOnly = true;
        for (Selector selector : selectors) {
            List<History> matching = matching(selector);
            boolean folded = selector.isPattern() || matching.isEmpty();
            boolean expired = folded && after < floor && judged < floorRaised;
            boolean deleted = false;
            for (History history : matching) {
                if (after < history.horizon && judged < history.raised) {
                    deleted |= after < history.deleted;
                    expired |= after >= history.deleted;
                }
            }
            if (expired || deleted) {
                missing.add(selector);
                deletedOnly &= !expired;
            }
        }
        if (missing.isEmpty()) {
            return null;
        }
        Gap.Reason reason = after < birth ? Gap.Reason.LOG_LOST : deletedOnly ? Gap.Reason.DELETED : Gap.Reason.EXPIRED;
        return new Gap(reason, List.copyOf(missing));
    }

    List<EventLog.TopicSummary> list(String prefix, String after, int limit) {
        List<EventLog.TopicSummary> found = new ArrayList<>();
        boolean fromPrefix = prefix.compareTo(after) > 0;
        for (History history :
                histories.tailMap(fromPrefix ? prefix : after, fromPrefix).values()) {
            String name = history.topic.name();
            if (!name.startsWith(prefix) || found.size() == limit) {
                break;
            }
            Stored newest = history.events.newest();
            if (newest != null) {
                found.add(new EventLog.TopicSummary(name, newest.position(), history.size()));
            }
        }
        return found;
    }
}
