package dev.fanfare.hub;

import dev.fanfare.stream.Event;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An event on its way in.
 *
 * @param topics where it goes, without repetition; the first is the canonical one
 * @param event the event; its id is the publisher's own, or null for the position's text
 * @param key the idempotency key; a second publication with this key and this canonical topic publishes nothing
 */
public record Publication(
        List<Topic> topics, Event event, @Nullable String key) implements Entry {

    private static final int OBJECTS = 250;

    /** Takes a copy; repeated topics count once. */
    public Publication {
        topics = topics.size() == 1
                ? List.copyOf(topics)
                : topics.stream().distinct().toList();
        if (topics.isEmpty()) {
            throw new IllegalArgumentException("no topic (expected: at least one)");
        }
    }

    /** An event for one topic, without a key. */
    public static Publication of(String topic, Event event) {
        return new Publication(List.of(Topic.of(topic)), event, null);
    }

    /** The first topic. */
    public Topic topic() {
        return topics.get(0);
    }

    /** The event as a client gets it: with the publisher's id, else the position's text. */
    Event eventAt(long position) {
        return event.id() == null ? event.withId(Position.text(position)) : event;
    }

    /** About what it occupies in memory, in bytes. */
    public int weight() {
        int characters = event.data().length() + event.type().length();
        for (int i = 0; i < topics.size(); i++) {
            characters += topics.get(i).name().length();
        }
        return OBJECTS + characters;
    }
}
