package dev.fanfare.hub;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the log in memory takes in: all of an append or none. Confined to the log's lock. */
final class Admission {

    private final TopicDirectory<?> topics;
    private final Map<Key, Stored> keys;
    private final Notes notes;
    private final long mostTopics;

    /** An idempotency key, which is one of a topic. */
    record Key(Topic topic, String key) {
        static @Nullable Key of(Entry entry) {
            return entry instanceof Publication publication && publication.key() != null
                    ? new Key(publication.topic(), publication.key())
                    : null;
        }
    }

    Admission(TopicDirectory<?> topics, Map<Key, Stored> keys, Notes notes, long mostTopics) {
        this.topics = topics;
        this.keys = keys;
        this.notes = notes;
        this.mostTopics = mostTopics;
    }

    /** Refuses what cannot be appended, before anything is. */
    void check(List<? extends Entry> entries) {
        Map<Key, Entry> inThisCall = entries.size() > 1 ? new HashMap<>() : Map.of();
        Set<Topic> endedInThisCall = new HashSet<>(0);
        Set<String> newNotes = new HashSet<>(0);
        boolean tight = topics.size() + mostNewTopics(entries) > mostTopics;
        Set<Topic> newTopics = tight ? new HashSet<>() : Set.of();
        for (Entry entry : entries) {
            if (entry instanceof TopicEnded end) {
                endedInThisCall.add(end.topic());
            } else if (entry instanceof TopicDeleted deletion) {
                endedInThisCall.remove(deletion.topic());
            } else if (entry instanceof Note note
                    && !newNotes.contains(note.name())
                    && notes.addsOne(note, newNotes.size())) {
                newNotes.add(note.name());
            }
            if (tight && entry instanceof TopicEnded end) {
                checkRoom(List.of(end.topic()), newTopics);
            }
            if (!(entry instanceof Publication publication)) {
                continue;
            }
            Key key = Key.of(entry);
            if (key != null) {
                Stored first = keys.get(key);
                Entry other = first != null ? first.entry() : inThisCall.get(key);
                if (other instanceof Publication used && !sameData(used, publication)) {
                    throw AppendRefused.keyConflict(key.key(), key.topic());
                }
                if (other != null) {
                    continue;
                }
                if (entries.size() > 1) {
                    inThisCall.put(key, entry);
                }
            }
            for (Topic topic : publication.topics()) {
                if (endedInThisCall.contains(topic) || topics.isEnded(topic)) {
                    throw AppendRefused.ended(topic);
                }
            }
            if (tight) {
                checkRoom(publication.topics(), newTopics);
            }
        }
    }

    private void checkRoom(List<Topic> wanted, Set<Topic> newTopics) {
        for (Topic topic : wanted) {
            if (topics.find(topic) == null) {
                newTopics.add(topic);
            }
        }
        if (!newTopics.isEmpty() && topics.size() + newTopics.size() > mostTopics) {
            throw AppendRefused.tooManyTopics(topics.size());
        }
    }

    private static long mostNewTopics(List<? extends Entry> entries) {
        long most = 0;
        for (int i = 0; i < entries.size(); i++) {
            most += MemoryLog.topicsOf(entries.get(i)).size();
        }
        return most;
    }

    private static boolean sameData(Publication one, Publication other) {
        return one.event().equals(other.event()) && one.topics().equals(other.topics());
    }
}
