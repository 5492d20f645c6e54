package dev.fanfare.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.Entry;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Stored;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicDeleted;
import dev.fanfare.hub.TopicDirectory.History;
import dev.fanfare.hub.TopicEnded;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/**
 * The truth about a log, counted by reading all of its store: what its state says must be that. Nothing may be appended meanwhile.
 */
final class Audit {

    private final State state;
    private final Store store;
    private final NavigableMap<Long, Entry> entries = new TreeMap<>();
    private final Map<String, NavigableSet<Long>> index = new HashMap<>();
    private final List<String> wrong = new ArrayList<>();
    private final NavigableMap<Long, Entry> notes = new TreeMap<>();
    private long bytes;

    private Audit(RocksLog log) {
        this.state = log.state();
        this.store = log.store();
    }

    /** Fails with all that is not as it should be. */
    static void of(RocksLog log, String when) {
        Audit audit = new Audit(log);
        audit.state.lock.lock();
        try {
            audit.read();
            audit.compare();
        } catch (RocksDBException e) {
            throw new IllegalStateException(e);
        } finally {
            audit.state.lock.unlock();
        }
        assertThat(audit.wrong).as("what state and store disagree on, " + when).isEmpty();
    }

    private void read() throws RocksDBException {
        readNotes();
        try (RocksIterator all = store.iterator(store.events())) {
            for (all.seekToFirst(); all.isValid(); all.next()) {
                byte[] record = all.value();
                Entry entry = Records.decode(record);
                entries.put(Bytes.toLong(all.key(), 0), entry);
                bytes += State.weight(entry, record.length);
            }
            all.status();
        }
        try (RocksIterator all = store.iterator(store.topics())) {
            for (all.seekToFirst(); all.isValid(); all.next()) {
                byte[] key = all.key();
                String topic = new String(key, 0, key.length - 9, StandardCharsets.UTF_8);
                index.computeIfAbsent(topic, name -> new TreeSet<>()).add(Bytes.toLong(key, key.length - 8));
            }
            all.status();
        }
        try (RocksIterator all = store.iterator(store.ids())) {
            for (all.seekToFirst(); all.isValid(); all.next()) {
                byte[] key = all.key();
                check(
                        entries.containsKey(Bytes.toLong(key, key.length - 8)),
                        "an id of an event that is not there: " + Bytes.toLong(key, key.length - 8));
            }
            all.status();
        }
    }

    private void readNotes() throws RocksDBException {
        try (RocksIterator all = store.iterator(store.notes())) {
            for (all.seek(Bytes.ofLong(1)); all.isValid(); all.next()) {
                notes.put(Bytes.toLong(all.key(), 0), Records.decode(all.value()));
            }
            all.status();
        }
    }

    /** Those on disk are those in memory, one of each name; but for the newest, which may be there after its end. */
    private void compareNotes() {
        Map<String, Long> names = new HashMap<>();
        notes.forEach((position, entry) -> {
            Note note = (Note) entry;
            check(!note.isRemoval(), "a note without a value: " + note);
            check(names.put(note.name(), position) == null, "two notes of a name: " + note);
            check(new Stored(position, note).equals(state.notes.find(note.name())), "not in memory: " + note);
        });
        Stored newest = state.notes.newest();
        for (Stored note : state.notes.after(0)) {
            check(notes.containsKey(note.position()) || note == newest, "not on disk: " + note);
            check(note.position() <= state.tail(), "the tail is " + state.tail() + ", below a note");
        }
    }

    private void compare() {
        compareNotes();
        check(state.events() == entries.size(), "events: " + state.events() + ", there are " + entries.size());
        check(state.bytes() == bytes, "bytes: " + state.bytes() + ", there are " + bytes);
        check(
                entries.isEmpty() || entries.lastKey() <= state.tail(),
                "the tail is " + state.tail() + ", below an entry");
        index.forEach(this::compareIndex);
        NavigableMap<Long, Integer> kept = new TreeMap<>();
        for (History<Facts> history : state.directory.all()) {
            compareHistory(history);
            if (history.extra().kept > 0) {
                kept.merge(history.extra().kept, 1, Integer::sum);
            }
        }
        check(state.kept.equals(kept), "kept: " + state.kept + ", the topics say " + kept);
        entries.forEach((position, entry) -> compareEntry(position, entry, kept));
        check(
                state.directory.withEvents()
                        == state.directory.all().stream()
                                .filter(history -> history.events() > 0)
                                .count(),
                "topics with events: " + state.directory.withEvents());
    }

    private void compareIndex(String topic, NavigableSet<Long> positions) {
        History<Facts> history = state.directory.find(Topic.of(topic));
        long deleted = state.deletions().getOrDefault(Topic.of(topic), 0L);
        for (long position : positions.tailSet(deleted, false)) {
            Entry entry = entries.get(position);
            check(
                    entry != null && Records.topicsOf(entry).contains(Topic.of(topic)),
                    topic + " lists " + position + ", which is not there");
            check(
                    history != null && history.holds(position),
                    topic + " lists " + position + ", which it does not hold");
        }
    }

    private void compareHistory(History<Facts> history) {
        String topic = history.topic().name();
        NavigableSet<Long> held =
                new TreeSet<>(index.getOrDefault(topic, new TreeSet<>()).tailSet(history.horizon(), false));
        check(history.events() == held.size(), topic + " has " + held.size() + " events, says " + history.events());
        if (!held.isEmpty()) {
            check(
                    history.newest() == held.last(),
                    topic + "'s newest is " + held.last() + ", says " + history.newest());
            boolean ended = entries.get(held.last()) instanceof TopicEnded;
            check(
                    history.ended() == (ended ? held.last() : 0),
                    topic + " ended: " + ended + ", says " + history.ended());
        } else {
            check(
                    history.deleted() > 0 && entries.get(history.deleted()) instanceof TopicDeleted,
                    topic + " has no event, and no deletion that is in the log: " + history.deleted());
        }
        long kept = history.extra().kept;
        check(kept == 0 || held.contains(kept) && held.first() == kept, topic + " keeps " + kept + ", has " + held);
    }

    private void compareEntry(long position, Entry entry, NavigableMap<Long, Integer> kept) {
        boolean deleted = Records.topicsOf(entry).stream()
                .anyMatch(topic -> state.deletions().getOrDefault(topic, 0L) >= position);
        boolean held = entry instanceof TopicDeleted;
        for (Topic topic : Records.topicsOf(entry)) {
            boolean listed = index.getOrDefault(topic.name(), new TreeSet<>()).contains(position);
            held |= listed;
            check(
                    listed || !state.directory.holds(topic, position),
                    position + " is held by " + topic + ", which does not list it");
        }
        check(held || deleted, position + " is of no topic any more, and still there: " + entry);
        check(
                position > state.front() || kept.containsKey(position) || deleted,
                position + " is behind the front " + state.front() + " and not kept: " + entry);
    }

    private void check(boolean right, String otherwise) {
        if (!right && wrong.size() < 20) {
            wrong.add(otherwise);
        }
    }

    /** What a log says of its topics and of itself, as text. */
    static String facts(RocksLog log) {
        StringBuilder text = new StringBuilder();
        State state = log.state();
        state.lock.lock();
        try {
            for (History<Facts> history : state.directory.all()) {
                text.append(history.topic())
                        .append(' ')
                        .append(history.events())
                        .append(' ')
                        .append(history.newest())
                        .append(' ')
                        .append(history.horizon())
                        .append(' ')
                        .append(history.deleted())
                        .append(' ')
                        .append(history.ended())
                        .append(' ')
                        .append(history.extra().kept)
                        .append('\n');
            }
            state.notes.after(0).forEach(note -> text.append(note).append('\n'));
            EventLog.Size size = new EventLog.Size(
                    state.directory.withEvents(),
                    state.events(),
                    state.bytes(),
                    state.notes.size(),
                    state.directory.floor(),
                    0);
            return text.append(size).append(" tail ").append(state.tail()).toString();
        } finally {
            state.lock.unlock();
        }
    }
}
