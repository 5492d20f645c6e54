package dev.fanfare.http;

import static dev.fanfare.http.SubscribeRequest.valid;

import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Topic;
import dev.fanfare.stream.Event;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A publisher's request: one event for one topic or more. */
public final class PublishRequest {

    static final Set<String> KNOWN = Set.of("event", "id", "retry", "also", "end", "cancel");
    private static final int LONGEST_ID = 128;
    private static final int LONGEST_KEY = 255;
    private static final String NOT_IN_IDS = "\"():<>?@[\\]{}";

    private PublishRequest() {}

    /**
     * The publication a request asks for.
     *
     * @param pathTopic the topic in the path, decoded
     * @param contentType the header, or null
     * @param key the Idempotency-Key header, or null
     * @param body the data
     * @throws Problem 400 or 501 that says what is wrong
     */
    public static Publication of(
            String pathTopic, Query query, @Nullable String contentType, @Nullable String key, byte[] body) {
        query.refuseTypos(KNOWN);
        refuseStreaming(contentType);
        List<String> also = query.all("also");
        List<Topic> topics;
        if (also.isEmpty()) {
            topics = List.of(valid(() -> Topic.of(pathTopic)));
        } else {
            topics = new ArrayList<>();
            topics.add(valid(() -> Topic.of(pathTopic)));
            also.forEach(name -> topics.add(valid(() -> Topic.of(name))));
        }
        String type = query.first("event");
        if (type != null && type.startsWith("fanfare-")) {
            throw Problem.badRequest(
                    "event=" + type + ": types that begin with fanfare- are the hub's own; take another");
        }
        if (type != null && type.indexOf('\0') >= 0) {
            throw Problem.badRequest("event: a type has no NUL in it");
        }
        int retry = query.number("retry", 500, 3_600_000, (int) Event.NO_RETRY);
        String id = id(query.first("id"));
        String data = text(body);
        Event event = valid(() -> new Event(type == null ? "" : type, data, id, retry));
        return valid(() -> new Publication(topics, event, key(key)));
    }

    private static void refuseStreaming(@Nullable String contentType) {
        String essence = contentType == null ? "" : contentType.split(";", 2)[0].trim();
        if (essence.equalsIgnoreCase("application/x-ndjson") || essence.equalsIgnoreCase("text/event-stream")) {
            throw new Problem(
                    501,
                    "Not implemented",
                    "this node takes one event a request; send each as text/plain, not as " + essence);
        }
    }

    private static @Nullable String id(@Nullable String id) {
        if (id == null || id.isEmpty()) {
            return null;
        }
        boolean plain = id.length() <= LONGEST_ID;
        for (int i = 0; plain && i < id.length(); i++) {
            char c = id.charAt(i);
            plain = c > ' ' && c < 0x7f && NOT_IN_IDS.indexOf(c) < 0;
        }
        if (!plain) {
            throw Problem.badRequest("id: expected 1 to " + LONGEST_ID
                    + " printable ASCII characters, without space and without " + NOT_IN_IDS);
        }
        if (Position.isForm(id)) {
            throw Problem.badRequest(
                    "id=" + id + " has the form of the node's own ids (digits-digits); take another form");
        }
        return id;
    }

    private static @Nullable String key(@Nullable String key) {
        if (key != null && (key.isBlank() || key.length() > LONGEST_KEY)) {
            throw new IllegalArgumentException("Idempotency-Key: expected 1 to " + LONGEST_KEY + " characters");
        }
        return key;
    }

    /** The body as text. Java's constructor puts U+FFFD for what is not UTF-8, so only a body with one is looked at closely. */
    private static String text(byte[] body) {
        String text = new String(body, StandardCharsets.UTF_8);
        if (text.indexOf('\uFFFD') >= 0) {
            try {
                StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body));
            } catch (CharacterCodingException e) {
                throw Problem.badRequest("the data is not UTF-8; an event stream carries text, so send base64");
            }
        }
        return text;
    }
}
