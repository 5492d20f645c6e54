package dev.fanfare.hub;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A log in memory, gone with the process. One lock guards everything; it is held for the time of one append or one bounded read, and
 * while followers take what was appended, so that their order is the log's. Retention is applied whenever the log is used.
 */
public final class MemoryLog implements EventLog {

    /** About what a deletion, or a remembered key beside its event, occupies. */
    private static final int SMALL = 200;

    private final Retention retention;
    private final InstantSource clock;
    private final NavigableMap<Long, Stored> order = new TreeMap<>();
    private final Map<Admission.Key, Stored> keys = new LinkedHashMap<>();
    private final Map<String, List<Stored>> chosenIds = new HashMap<>();
    private final List<Follower> followers = new ArrayList<>();
    private final TopicDirectory<Line<Stored>> topics;
    private final MemoryReads reads;
    private final Notes notes = new Notes();
    private final Admission admission;
    private long tail;
    private long agedTo;
    /** The oldest entry after {@link #agedTo}, or one that was it. */
    private long nextToAge = Long.MAX_VALUE;

    private long bytes;
    private boolean closed;

    /** An empty log with the default retention. */
    public MemoryLog() {
        this(Retention.DEFAULT, InstantSource.system());
    }

    /** An empty log, born now. */
    public MemoryLog(Retention retention, InstantSource clock) {
        this.retention = retention;
        this.clock = clock;
        this.tail = Position.next(0, clock.millis());
        this.topics = new TopicDirectory<>(tail, topic -> new Line<>());
        this.reads = new MemoryReads(order, topics);
        this.admission = new Admission(topics, keys, notes, retention.topics());
    }

    @Override
    public CompletionStage<long[]> append(List<? extends Entry> entries) {
        return locked(() -> {
            admission.check(entries);
            long[] positions = new long[entries.size()];
            List<Stored> added = new ArrayList<>(entries.size());
            for (int i = 0; i < positions.length; i++) {
                Entry entry = entries.get(i);
                Admission.Key key = Admission.Key.of(entry);
                Stored first = key == null ? null : keys.get(key);
                positions[i] = first != null ? first.position() : ended(entry);
                if (positions[i] == 0) {
                    first = new Stored(Position.next(tail, clock.millis()), entry);
                    add(first, key);
                    added.add(first);
                    positions[i] = first.position();
                }
            }
            if (!added.isEmpty()) {
                followers.forEach(follower -> follower.entries(added));
            }
            return positions;
        });
    }

    /** Where the topic ended that this entry would end, else 0. */
    private long ended(Entry entry) {
        TopicDirectory.History<?> history = entry instanceof TopicEnded end ? topics.find(end.topic()) : null;
        return history == null ? 0 : history.ended();
    }

    /** The topics whose history an entry belongs to. */
    static List<Topic> topicsOf(Entry entry) {
        if (entry instanceof Publication publication) {
            return publication.topics();
        }
        return entry instanceof TopicEnded end ? List.of(end.topic()) : List.of();
    }

    private void add(Stored stored, Admission.@Nullable Key key) {
        tail = stored.position();
        if (stored.entry() instanceof Note) {
            notes.put(stored);
            return;
        }
        order.put(tail, stored);
        nextToAge = Math.min(nextToAge, tail);
        bytes += weight(stored);
        if (stored.entry() instanceof TopicDeleted deletion) {
            forget(deletion.topic());
        }
        for (Topic topic : topicsOf(stored.entry())) {
            TopicDirectory.History<Line<Stored>> history = stored.entry() instanceof TopicEnded
                    ? topics.end(topic, stored.position())
                    : topics.add(topic, stored.position());
            history.extra().add(stored);
            while (isSurplus(history)) {
                releaseOldest(history);
            }
        }
        if (stored.entry() instanceof Publication publication
                && publication.event().id() != null) {
            chosenIds
                    .computeIfAbsent(publication.event().id(), none -> new ArrayList<>(1))
                    .add(stored);
        }
        if (key != null) {
            keys.put(key, stored);
            bytes += SMALL + weight(stored);
        }
    }

    private static int weight(Stored stored) {
        return stored.entry() instanceof Publication publication ? publication.weight() : SMALL;
    }

    /** Whether a topic's oldest event must go now that it has a newer one. */
    private boolean isSurplus(TopicDirectory.History<Line<Stored>> history) {
        return history.events() > 1
                && (history.events() > retention.eventsPerTopic()
                        || oldest(history).position() <= agedTo);
    }

    private static Stored oldest(TopicDirectory.History<Line<Stored>> history) {
        Line<Stored> events = history.extra();
        return requireNonNull(events.get(events.first()), "oldest event");
    }

    private void forget(Topic topic) {
        Line<Stored> events = topics.delete(topic, tail).extra();
        while (!events.isEmpty()) {
            Stored gone = requireNonNull(events.get(events.first()), "oldest event");
            events.removeFirst();
            release(gone);
        }
    }

    private void releaseOldest(TopicDirectory.History<Line<Stored>> history) {
        Stored oldest = oldest(history);
        topics.removeOldest(history, oldest.position());
        history.extra().removeFirst();
        release(oldest);
    }

    /** A topic holds this event no more; when none does, it goes. */
    private void release(Stored stored) {
        for (Topic topic : topicsOf(stored.entry())) {
            if (topics.holds(topic, stored.position())) {
                return;
            }
        }
        if (stored.entry() instanceof Publication publication
                && publication.event().id() != null) {
            chosenIds.computeIfPresent(publication.event().id(), (id, all) -> {
                all.remove(stored);
                return all.isEmpty() ? null : all;
            });
        }
        if (order.remove(stored.position()) != null) {
            bytes -= weight(stored);
        }
    }

    private void applyRetention() {
        long now = clock.millis();
        notes.expire(now, Integer.MAX_VALUE);
        long firstKept = order.isEmpty() ? 0 : order.firstKey();
        long aged = before(now, retention.age());
        while (nextToAge < aged) {
            agedTo = nextToAge;
            Stored old = order.get(agedTo);
            if (old != null) {
                evict(old, retention.keepLast());
            }
            Long next = order.higherKey(agedTo);
            nextToAge = next == null ? Long.MAX_VALUE : next;
        }
        long forgotten = keys.isEmpty() ? 0 : before(now, retention.idempotency());
        while (!keys.isEmpty() && oldestKey().getValue().position() < forgotten) {
            forgetOldestKey();
        }
        while (bytes > retention.bytes() && (order.size() > 1 || !keys.isEmpty())) {
            boolean oneLeft = order.size() <= 1;
            if (oneLeft || !keys.isEmpty() && oldestKey().getValue().position() <= order.firstKey()) {
                forgetOldestKey();
            } else {
                evict(order.firstEntry().getValue(), false);
            }
        }
        if (firstKept > 0 && (order.isEmpty() || order.firstKey() > firstKept)) {
            long gone = order.isEmpty() ? tail : order.firstKey() - 1;
            followers.forEach(follower -> follower.expired(gone));
        }
    }

    private static long before(long now, Duration time) {
        return Position.of(Math.max(0, now - time.toMillis()), 0);
    }

    private Map.Entry<Admission.Key, Stored> oldestKey() {
        return keys.entrySet().iterator().next();
    }

    private void forgetOldestKey() {
        Map.Entry<Admission.Key, Stored> oldest = oldestKey();
        bytes -= SMALL + weight(oldest.getValue());
        keys.remove(oldest.getKey());
    }

    private void evict(Stored stored, boolean keepNewest) {
        if (stored.entry() instanceof TopicDeleted deletion) {
            topics.forgetDeletion(deletion.topic(), stored.position());
            release(stored);
        }
        for (Topic topic : topicsOf(stored.entry())) {
            TopicDirectory.History<Line<Stored>> history = topics.find(topic);
            if (history != null
                    && history.holds(stored.position())
                    && !(keepNewest && history.events() == 1 && history.ended() == 0)) {
                releaseOldest(history);
            }
        }
    }

    @Override
    public CompletionStage<Page> read(Reading reading) {
        return locked(() -> reads.read(reading, tail));
    }

    @Override
    public CompletionStage<Long> tail() {
        return locked(() -> tail);
    }

    @Override
    public CompletionStage<Long> before(Selection selection, int events) {
        return locked(() -> reads.before(selection, events));
    }

    @Override
    public CompletionStage<Optional<Long>> find(Selection selection, String id) {
        return locked(() -> chosenIds.getOrDefault(id, List.of()).stream()
                .filter(stored -> stored.entry() instanceof Publication publication
                        && publication.topics().stream()
                                .anyMatch(topic -> selection.matches(topic) && topics.holds(topic, stored.position())))
                .map(Stored::position)
                .findFirst());
    }

    @Override
    public CompletionStage<Long> ended(Selection selection) {
        return locked(() -> topics.ended(selection));
    }

    @Override
    public CompletionStage<List<TopicSummary>> topics(String prefix, String after, int limit) {
        return locked(() -> topics.list(prefix, after, limit));
    }

    @Override
    public CompletionStage<List<Stored>> notes(String prefix) {
        return locked(() -> notes.list(prefix, clock.millis()));
    }

    @Override
    public CompletionStage<Size> size() {
        return locked(
                () -> new Size(topics.withEvents(), order.size(), bytes, notes.size(), topics.floor(), reads.read()));
    }

    @Override
    public CompletionStage<Long> recent(long wanted) {
        return locked(() -> {
            long position = tail;
            long room = wanted;
            for (Stored stored : order.descendingMap().values()) {
                room -= weight(stored);
                if (room < 0 || stored.position() <= topics.highestHorizon()) {
                    break;
                }
                position = stored.position() - 1;
            }
            return Math.max(position, topics.highestHorizon());
        });
    }

    @Override
    public synchronized CompletionStage<Void> follow(long after, Follower follower) {
        List<Stored> earlier = new ArrayList<>(order.tailMap(after, false).values());
        earlier.addAll(notes.after(after));
        earlier.sort(Comparator.comparingLong(Stored::position));
        if (!earlier.isEmpty()) {
            follower.entries(earlier);
        }
        followers.add(follower);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public synchronized void close() {
        closed = true;
        followers.clear();
    }

    private <T> CompletionStage<T> locked(Supplier<T> work) {
        try {
            synchronized (this) {
                if (closed) {
                    throw new AppendRefused(AppendRefused.Reason.UNAVAILABLE, "the log is closed");
                }
                applyRetention();
                return CompletableFuture.completedFuture(work.get());
            }
        } catch (AppendRefused refused) {
            return CompletableFuture.failedFuture(refused);
        }
    }
}
