package dev.fanfare.http;

import static dev.fanfare.http.SubscribeRequest.valid;

import dev.fanfare.auth.AuthRefused;
import dev.fanfare.auth.Caller;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Topic;
import dev.fanfare.stream.Event;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What publishers may put into an event's fields, wherever those stand: in a query, on a line, in an event stream. */
final class EventFields {

    static final int LEAST_RETRY = 500;
    static final int MOST_RETRY = 3_600_000;

    private static final int LONGEST_ID = 128;
    private static final int LONGEST_KEY = 255;
    private static final String NOT_IN_IDS = "\"():<>?@[\\]{}";

    private EventFields() {}

    /** The topic of this name, to which the caller may publish. */
    static Topic topic(Caller caller, String name) {
        try {
            Topic topic = valid(() -> caller.topic(name));
            caller.checkPublish(topic);
            return topic;
        } catch (AuthRefused refused) {
            throw Problem.of(refused);
        }
    }

    /** The topics of an event, the canonical one first. */
    static List<Topic> topics(Caller caller, Topic canonical, List<String> also) {
        if (also.isEmpty()) {
            return List.of(canonical);
        }
        List<Topic> topics = new ArrayList<>(1 + also.size());
        topics.add(canonical);
        also.forEach(name -> topics.add(topic(caller, name)));
        return topics;
    }

    /**
     * A publication of these fields.
     *
     * @param type the event type; null or empty for none named
     * @param id the publisher's own id; null or empty for none
     * @param key an idempotency key that has been looked at
     * @throws Problem 400 that says what is wrong
     */
    static Publication publication(
            List<Topic> topics,
            @Nullable String type,
            @Nullable String id,
            long retry,
            @Nullable String key,
            String data) {
        checkType(type);
        String ownId = id == null || id.isEmpty() ? null : checkedId(id);
        return valid(() -> new Publication(topics, new Event(type == null ? "" : type, data, ownId, retry), key));
    }

    private static void checkType(@Nullable String type) {
        if (type == null) {
            return;
        }
        if (type.startsWith("fanfare-")) {
            throw Problem.badRequest(
                    "event=" + type + ": types that begin with fanfare- are the hub's own; take another");
        }
        if (type.indexOf('\0') >= 0) {
            throw Problem.badRequest("event: a type has no NUL in it");
        }
    }

    private static String checkedId(String id) {
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

    /** An idempotency key as it was sent, in a header or a line, or null. */
    static @Nullable String key(String name, @Nullable String key) {
        if (key != null && (key.isBlank() || key.length() > LONGEST_KEY)) {
            throw Problem.badRequest(name + ": expected 1 to " + LONGEST_KEY + " characters");
        }
        return key;
    }

    /** Refuses bytes that are no text. */
    static void checkUtf8(byte[] bytes, int from, int to) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, from, to - from));
        } catch (CharacterCodingException e) {
            throw Problem.badRequest("the data is not UTF-8; an event stream carries text, so send base64");
        }
    }

    /** Refuses data of more than so many bytes. */
    static void checkSize(String data, int mostBytes) {
        if (data.length() > mostBytes || data.length() > mostBytes / 3 && utf8Length(data) > mostBytes) {
            throw Problem.eventTooLarge(mostBytes);
        }
    }

    private static long utf8Length(String text) {
        long length = text.length();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                length += c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
            }
        }
        return length;
    }
}
