package dev.fanfare.http;

import dev.fanfare.auth.Caller;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Topic;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A publisher's request for several events: a body that is read as it comes, or a JSON document that is published as one.
 *
 * @param caller who asks
 * @param topic the topic that the URL names; null when each event names its own
 * @param form how the body is written
 * @param ends whether the topic ends with the body
 * @param keepIds whether an event stream's own ids are kept
 * @param key the Idempotency-Key, or null; event n has the key {@code <key>/n}
 */
public record StreamedPublish(
        Caller caller,
        @Nullable Topic topic,
        Form form,
        boolean ends,
        boolean keepIds,
        @Nullable String key) {

    private static final Set<String> KNOWN =
            Set.of("topic", "event", "id", "retry", "also", "end", "cancel", "keep-ids");
    private static final List<String> OF_ONE_EVENT = List.of("topic", "event", "id", "retry", "also");
    private static final String TYPES_WITH_TOPICS = "application/x-ndjson, application/json";

    /** How events are written in a body. */
    public enum Form {
        /** An object a line. */
        NDJSON,
        /** An event stream. */
        EVENT_STREAM,
        /** One object, or an array of them. */
        JSON
    }

    /**
     * What a request's head asks for; null when it is for one event, whose data is the body.
     *
     * @param caller who asks
     * @param pathTopic the topic in the path, decoded; null if the events name their own
     * @param contentType the header, or null
     * @param key the Idempotency-Key header, or null
     * @throws Problem 400 or 415 that says what is wrong, 401 or 403 if the caller may not
     */
    public static @Nullable StreamedPublish of(
            Caller caller,
            @Nullable String pathTopic,
            Query query,
            @Nullable String contentType,
            @Nullable String key) {
        Form form = form(contentType);
        if (pathTopic != null && (form == null || form == Form.JSON)) {
            return null;
        }
        if (form == null || pathTopic == null && form == Form.EVENT_STREAM) {
            throw Problem.unsupportedType(
                    "POST /events takes application/x-ndjson, an event a line, or application/json, an event or an array,"
                            + " each with its topic; an event stream, or plain data, goes to POST /topics/{topic}",
                    TYPES_WITH_TOPICS);
        }
        query.refuseTypos(KNOWN);
        for (String name : OF_ONE_EVENT) {
            if (query.has(name)) {
                throw Problem.badRequest("?" + name + " is not for a body of events; put it into each of them");
            }
        }
        if (pathTopic == null && (query.has("end") || query.has("cancel"))) {
            throw Problem.badRequest("?end and ?cancel name no topic here; send them to POST /topics/{topic}");
        }
        return new StreamedPublish(
                caller,
                pathTopic == null ? null : EventFields.topic(caller, pathTopic),
                form,
                pathTopic != null && EndRequest.of(caller, pathTopic, query, true) != null,
                EndRequest.flag(query, "keep-ids"),
                EventFields.key("Idempotency-Key", key));
    }

    private static @Nullable Form form(@Nullable String contentType) {
        if (contentType == null) {
            return null;
        }
        int end = contentType.indexOf(';');
        String type = (end < 0 ? contentType : contentType.substring(0, end)).trim();
        return switch (type.toLowerCase(Locale.ROOT)) {
            case "application/x-ndjson" -> Form.NDJSON;
            case "text/event-stream" -> Form.EVENT_STREAM;
            case "application/json" -> Form.JSON;
            default -> null;
        };
    }

    /** Whether the body is read as it comes. */
    public boolean isStream() {
        return form != Form.JSON;
    }

    /**
     * Takes a body apart that is read as it comes.
     *
     * @param eventBytes how large one event's data may be
     * @param events called with each event, at the byte that completes it
     */
    public StreamedBody body(int eventBytes, Consumer<Publication> events) {
        if (topic != null && form == Form.EVENT_STREAM) {
            return new EventStreamBody(topic, key, keepIds, eventBytes, events);
        }
        return new NdjsonBody(new EventObjects(caller, topic, eventBytes), key, eventBytes, events);
    }

    /**
     * The events of a JSON document.
     *
     * @throws Problem that names the first bad one
     */
    public List<Publication> document(byte[] body, int eventBytes) {
        return new EventObjects(caller, topic, eventBytes).document(body, key);
    }
}
