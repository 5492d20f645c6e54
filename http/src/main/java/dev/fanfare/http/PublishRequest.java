package dev.fanfare.http;

import dev.fanfare.auth.Caller;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Topic;
import dev.fanfare.stream.Event;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A publisher's request: one event for one topic or more. */
public final class PublishRequest {

    static final Set<String> KNOWN = Set.of("event", "id", "retry", "also", "end", "cancel");

    private PublishRequest() {}

    /**
     * The publication a request asks for.
     *
     * @param caller who asks
     * @param pathTopic the topic in the path, decoded
     * @param key the Idempotency-Key header, or null
     * @param body the data
     * @throws Problem 400 that says what is wrong, 401 or 403 if the caller may not
     */
    public static Publication of(Caller caller, String pathTopic, Query query, @Nullable String key, byte[] body) {
        query.refuseTypos(KNOWN);
        List<Topic> topics = EventFields.topics(caller, EventFields.topic(caller, pathTopic), query.all("also"));
        return EventFields.publication(
                topics,
                query.first("event"),
                query.first("id"),
                query.number("retry", EventFields.LEAST_RETRY, EventFields.MOST_RETRY, (int) Event.NO_RETRY),
                EventFields.key("Idempotency-Key", key),
                text(body));
    }

    /** The body as text. Java's constructor puts U+FFFD for what is not UTF-8, so only a body with one is looked at closely. */
    private static String text(byte[] body) {
        String text = new String(body, StandardCharsets.UTF_8);
        if (text.indexOf('\uFFFD') >= 0) {
            EventFields.checkUtf8(body, 0, body.length);
        }
        return text;
    }
}
