package dev.fanfare.hub;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A log's topics in the order of their names: what each holds, its horizon, and the floor of all that are gone. For implementations
 * of {@link EventLog}; confined to its owner's lock. A topic's events are always removed oldest first.
 *
 * @param <E> what a log keeps for each topic besides
 */
public final class TopicDirectory<E> {

    private static final int SMALL = 1_024;

    private final NavigableMap<String, History<E>> histories = new TreeMap<>();
    private final Function<Topic, E> extras;
    private Map<String, History<E>> byName = new HashMap<>();
    /** The most topics since {@link #byName} was made anew: a hash table never shrinks by itself. */
    private int mostTopics;

    private long birth;
    private long floor;
    private long floorRaised;
    private long highestHorizon;
    private long removals;
    private long withEvents;

    /** What is known of one topic. */
    public static final class History<E> {
        private final Topic topic;
        private final E extra;
        private long newest;
        private long events;
        private long horizon;
        /** When the horizon was last raised, as a count of removals. */
        private long raised;

        private long deleted;
        private long ended;

        private History(Topic topic, E extra, long horizon, long raised) {
            this.topic = topic;
            this.extra = extra;
            this.horizon = horizon;
            this.raised = raised;
        }

        /** The topic. */
        public Topic topic() {
            return topic;
        }

        /** What the log keeps besides. */
        public E extra() {
            return extra;
        }

        /** The position of the newest event, 0 if there was none. */
        public long newest() {
            return newest;
        }

        /** How many events it holds, its end included. */
        public long events() {
            return events;
        }

        /** Events up to and including this position may be gone. */
        public long horizon() {
            return horizon;
        }

        /** The position of the newest deletion, or 0. */
        public long deleted() {
            return deleted;
        }

        /** The position at which the topic ended, or 0. */
        public long ended() {
            return ended;
        }

        /** Whether an event of this topic at this position has not been removed. */
        public boolean holds(long position) {
            return position > horizon;
        }
    }

    /** An empty directory of a log born at this position. */
    public TopicDirectory(long birth, Function<Topic, E> extras) {
        this.extras = extras;
        this.birth = birth;
        this.floor = birth;
        this.highestHorizon = birth;
    }

    /** The position before the first entry this log has had since it last lost any. */
    public long birth() {
        return birth;
    }

    /** The horizon of all topics that have no event left. */
    public long floor() {
        return floor;
    }

    /** The highest horizon of all topics: nothing after it has been removed. */
    public long highestHorizon() {
        return highestHorizon;
    }

    /** How many removals there were; a gap judged now knows of them all. */
    public long removals() {
        return removals;
    }

    /** Topics that hold events. */
    public long withEvents() {
        return withEvents;
    }

    /** Topics known, also those of which only the deletion is. */
    public int size() {
        return histories.size();
    }

    /** All of them, in the order of their names. */
    public Collection<History<E>> all() {
        return histories.values();
    }

    /** What is known of this topic, if anything. */
    public @Nullable History<E> find(Topic topic) {
        return byName.get(topic.name());
    }

    /** Whether this topic's event at this position is still here. */
    public boolean holds(Topic topic, long position) {
        History<E> history = byName.get(topic.name());
        return history != null && history.holds(position);
    }

    /** Takes a topic from a record of it. */
    public History<E> restore(Topic topic, long newest, long events, long horizon, long deleted, long ended) {
        History<E> history = open(topic);
        if (history.events == 0 && events > 0) {
            withEvents++;
        }
        history.newest = newest;
        history.events = events;
        history.horizon = horizon;
        history.raised = removals;
        history.deleted = deleted;
        history.ended = ended;
        highestHorizon = Math.max(highestHorizon, horizon);
        return history;
    }

    /**
     * What is restored from now on may have had so many removals: readers that know of fewer are told, also those that have read an
     * earlier directory of the same log.
     */
    public void restoreRemovals(long count) {
        removals = count;
        floorRaised = count;
    }

    /** Takes the floor from a record of it. */
    public void restoreFloor(long recorded) {
        floor = Math.max(floor, recorded);
        highestHorizon = Math.max(highestHorizon, floor);
    }

    /** Entries up to here may have been lost: whoever has read less has a gap, whatever it reads. */
    public void lost(long position) {
        birth = Math.max(birth, position);
        floor = Math.max(floor, position);
        floorRaised = ++removals;
        highestHorizon = Math.max(highestHorizon, position);
    }

    /** A topic has a new event. */
    public History<E> add(Topic topic, long position) {
        History<E> history = open(topic);
        if (history.events++ == 0) {
            withEvents++;
        }
        history.newest = position;
        return history;
    }

    /** A topic has its last event. */
    public History<E> end(Topic topic, long position) {
        History<E> history = add(topic, position);
        history.ended = position;
        return history;
    }

    private History<E> open(Topic topic) {
        History<E> history = byName.get(topic.name());
        if (history == null) {
            history = new History<>(topic, extras.apply(topic), floor, floorRaised);
            byName.put(topic.name(), history);
            histories.put(topic.name(), history);
            mostTopics = Math.max(mostTopics, histories.size());
        }
        return history;
    }

    /** A topic's oldest event, at this position, goes. A topic with nothing left folds into the floor. */
    public void removeOldest(History<E> history, long position) {
        raise(history, position);
        if (--history.events == 0) {
            withEvents--;
            fold(history);
        }
    }

    /** A topic's events go, but not that it was deleted: that stays until {@link #forgetDeletion}. */
    public History<E> delete(Topic topic, long position) {
        History<E> history = open(topic);
        raise(history, position);
        history.deleted = position;
        history.ended = 0;
        if (history.events > 0) {
            withEvents--;
            history.events = 0;
        }
        return history;
    }

    /** The record of a deletion has left the log. */
    public void forgetDeletion(Topic topic, long position) {
        History<E> history = byName.get(topic.name());
        if (history != null && history.deleted == position && history.events == 0) {
            fold(history);
        }
    }

    private void raise(History<E> history, long position) {
        history.horizon = position;
        history.raised = ++removals;
        highestHorizon = Math.max(highestHorizon, position);
    }

    private void fold(History<E> history) {
        floor = Math.max(floor, history.horizon);
        // also if the floor was higher: this topic's removals are told by it now
        floorRaised = Math.max(floorRaised, history.raised);
        highestHorizon = Math.max(highestHorizon, floor);
        histories.remove(history.topic.name());
        byName.remove(history.topic.name());
        if (mostTopics > SMALL && histories.size() < mostTopics / 8) {
            byName = new HashMap<>(byName);
            mostTopics = histories.size();
        }
    }

    /** The topics a selector matches. */
    public List<History<E>> matching(Selector selector) {
        if (!selector.isPattern()) {
            History<E> history = byName.get(selector.toString());
            return history == null ? List.of() : List.of(history);
        }
        List<History<E>> found = new ArrayList<>();
        for (History<E> history : below(selector)) {
            if (selector.matches(history.topic)) {
                found.add(history);
            }
        }
        return found;
    }

    /** The topics among which all are that a pattern matches. */
    public Collection<History<E>> below(Selector pattern) {
        String prefix = pattern.prefix();
        return prefix.isEmpty()
                ? histories.values()
                : histories.subMap(prefix, true, prefix + '\uffff', true).values();
    }

    /** The topics a reading is about, {@link Topic#ALL} included. */
    public Set<History<E>> matching(Reading reading) {
        Set<History<E>> found = new HashSet<>();
        for (Selector selector : reading.selection().selectors()) {
            found.addAll(matching(selector));
        }
        History<E> broadcasts = find(Topic.ALL);
        if (broadcasts != null) {
            found.add(broadcasts);
        }
        return found;
    }

    /** Whether nothing may be published to this topic any more. */
    public boolean isEnded(Topic topic) {
        History<E> history = byName.get(topic.name());
        return history != null && history.ended > 0;
    }

    /** Where the last of a selection's topics ended; 0 while one of them goes on, or may: a pattern's always may. */
    public long ended(Selection selection) {
        long last = 0;
        for (Selector selector : selection.selectors()) {
            History<E> history = selector.isPattern() ? null : byName.get(selector.toString());
            if (history == null || history.ended == 0) {
                return 0;
            }
            last = Math.max(last, history.ended);
        }
        return last;
    }

    /** What is missing for a reader that has read up to a position; null for nothing, or nothing it was not told before. */
    public @Nullable Gap gap(Reading reading, long tail) {
        long after = reading.after();
        long judged = reading.judged();
        if (after == Position.START || judged == Reading.NO_GAP || after >= highestHorizon && after <= tail) {
            return null;
        }
        List<Selector> selectors = reading.selection().selectors();
        if (after > tail || after < birth && judged < floorRaised) {
            return new Gap(Gap.Reason.LOG_LOST, selectors);
        }
        List<Selector> missing = new ArrayList<>();
        boolean deletedOnly = true;
        for (Selector selector : selectors) {
            List<History<E>> matching = matching(selector);
            boolean folded = selector.isPattern() || matching.isEmpty();
            boolean expired = folded && after < floor && judged < floorRaised;
            boolean deleted = false;
            for (History<E> history : matching) {
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
        return new Gap(deletedOnly ? Gap.Reason.DELETED : Gap.Reason.EXPIRED, List.copyOf(missing));
    }

    /** Topics with events whose names begin with {@code prefix} and come after {@code after}. */
    public List<EventLog.TopicSummary> list(String prefix, String after, int limit) {
        List<EventLog.TopicSummary> found = new ArrayList<>();
        boolean fromPrefix = prefix.compareTo(after) > 0;
        for (History<E> history :
                histories.tailMap(fromPrefix ? prefix : after, fromPrefix).values()) {
            String name = history.topic.name();
            if (!name.startsWith(prefix) || found.size() == limit) {
                break;
            }
            if (history.events > 0) {
                found.add(new EventLog.TopicSummary(name, history.newest, history.events));
            }
        }
        return found;
    }
}
