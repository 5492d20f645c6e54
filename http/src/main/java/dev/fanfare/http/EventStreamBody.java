package dev.fanfare.http;

import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Topic;
import dev.fanfare.stream.Event;
import dev.fanfare.stream.EventParser;
import dev.fanfare.stream.EventTooLargeException;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An event stream whose events are published again. It is read as browsers read one: what is malformed in UTF-8 becomes U+FFFD, and a
 * block without its blank line is no event. Since its author is often not its publisher, a reconnection time out of range is brought
 * into it, not refused.
 */
final class EventStreamBody implements StreamedBody {

    /** What an event's other lines, and the field names in front of its data, may need. */
    private static final int OTHER_FIELDS = 16 * 1024;

    private final List<Topic> topics;
    private final @Nullable String key;
    private final boolean keepIds;
    private final int eventBytes;
    private final Consumer<Publication> publications;
    private final EventParser parser;
    private long events;
    private String lastId = "";

    EventStreamBody(
            Topic topic, @Nullable String key, boolean keepIds, int eventBytes, Consumer<Publication> publications) {
        this.topics = List.of(topic);
        this.key = key;
        this.keepIds = keepIds;
        this.eventBytes = eventBytes;
        this.publications = publications;
        this.parser = new EventParser(
                (event, topicLine) -> take(event),
                Math.min(eventBytes, Integer.MAX_VALUE - OTHER_FIELDS) + OTHER_FIELDS);
    }

    @Override
    public void feed(byte[] bytes, int offset, int length) {
        try {
            parser.feed(bytes, offset, length);
        } catch (EventTooLargeException e) {
            throw Problem.eventTooLarge(eventBytes).at(place(events + 1));
        }
    }

    @Override
    public void end() {
        parser.end();
    }

    @Override
    public String place(long number) {
        return "event " + number;
    }

    private void take(Event event) {
        events++;
        Publication publication;
        try {
            EventFields.checkSize(event.data(), eventBytes);
            publication = EventFields.publication(
                    topics,
                    event.type(),
                    keepIds ? newId(event) : null,
                    retry(event.retry()),
                    key == null ? null : key + "/" + events,
                    event.data());
        } catch (Problem problem) {
            throw problem.at(place(events));
        }
        publications.accept(publication);
    }

    /** An event without an id line has the id of the one before, which is not its own. */
    private @Nullable String newId(Event event) {
        String id = event.id();
        if (id == null || id.equals(lastId)) {
            return null;
        }
        lastId = id;
        return id;
    }

    private static long retry(long millis) {
        return millis == Event.NO_RETRY
                ? millis
                : Math.max(EventFields.LEAST_RETRY, Math.min(EventFields.MOST_RETRY, millis));
    }
}
