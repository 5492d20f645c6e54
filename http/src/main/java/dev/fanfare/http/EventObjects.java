package dev.fanfare.http;

import dev.fanfare.auth.Caller;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Topic;
import dev.fanfare.stream.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads events written as JSON objects: {@code {"topic","also","event","id","retry","key","data"}}. Only {@code data} must be there,
 * and {@code topic} where the URL names none; null stands for absence, but for data. For one thread at a time.
 */
final class EventObjects {

    private static final Set<String> KNOWN = Set.of("topic", "also", "event", "id", "retry", "key", "data");
    private static final int MOST = 1_000;
    /** In the parser's messages: where something began, and how to see the source. */
    private static final Pattern PLACES = Pattern.compile("\\s*\\(start marker at \\[.*?]\\)");

    static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private final Caller caller;
    private final @Nullable Topic pathTopic;
    private final int eventBytes;
    /** Lines that follow one another are often for one topic. */
    private @Nullable Topic lastTopic;

    private List<Topic> lastTopics = List.of();

    /**
     * A reader of events.
     *
     * @param caller who publishes; an event for a topic to which he may not is refused
     * @param pathTopic the topic that the URL names, or null
     * @param eventBytes how large one event's data may be
     */
    EventObjects(Caller caller, @Nullable Topic pathTopic, int eventBytes) {
        this.caller = caller;
        this.pathTopic = pathTopic;
        this.eventBytes = eventBytes;
    }

    /** The one object in these bytes, which neither begin nor end with white space. */
    Publication line(byte[] bytes, int from, int to, @Nullable String key) {
        JsonBytes text = new JsonBytes(bytes, from, to);
        try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), bytes, from, to - from)) {
            requireObject(json.nextToken());
            Publication publication = read(json, text, key);
            if (json.nextToken() != null) {
                throw Problem.badRequest("more than one value; end the line after the object");
            }
            return publication;
        } catch (JacksonException e) {
            throw notJson(e);
        }
    }

    /**
     * The object, or all of the array of them, that is this document.
     *
     * @param key of the request; event n has the key {@code <key>/n}
     */
    List<Publication> document(byte[] bytes, @Nullable String key) {
        JsonBytes text = new JsonBytes(bytes, 0, bytes.length);
        List<Publication> all = new ArrayList<>();
        try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), bytes, 0, bytes.length)) {
            boolean array = json.nextToken() == JsonToken.START_ARRAY;
            for (JsonToken token = array ? json.nextToken() : json.currentToken();
                    token != null && token != JsonToken.END_ARRAY;
                    token = json.nextToken()) {
                if (all.size() == (array ? MOST : 1)) {
                    throw Problem.badRequest(
                            array
                                    ? "more than " + MOST + " events; send them in several requests, or as NDJSON"
                                    : "more than one value; put the events into an array, or send NDJSON");
                }
                all.add(numbered(json, text, all.size() + 1, key));
            }
            if (json.nextToken() != null || all.isEmpty() && !array) {
                throw Problem.badRequest("expected an object, or an array of objects");
            }
            return all;
        } catch (JacksonException e) {
            throw notJson(e);
        }
    }

    private Publication numbered(JsonParser json, JsonBytes text, int number, @Nullable String key) {
        try {
            requireObject(json.currentToken());
            return read(json, text, key == null ? null : key + "/" + number);
        } catch (Problem problem) {
            throw problem.at("event " + number);
        }
    }

    private static void requireObject(@Nullable JsonToken token) {
        if (token != JsonToken.START_OBJECT) {
            throw Problem.badRequest("expected an object such as {\"event\":\"paid\",\"data\":{\"order\":42}}");
        }
    }

    private static Problem notJson(JacksonException e) {
        int column = e.getLocation() == null ? -1 : e.getLocation().getColumnNr();
        return Problem.badRequest("not JSON" + (column < 1 ? "" : " at character " + column) + ": "
                + PLACES.matcher(String.valueOf(e.getOriginalMessage())).replaceAll(""));
    }

    private Publication read(JsonParser json, JsonBytes text, @Nullable String requestKey) {
        String topic = null;
        List<String> also = List.of();
        String type = null;
        String id = null;
        long retry = Event.NO_RETRY;
        String key = null;
        String data = null;
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            json.nextToken();
            switch (name) {
                case "topic" -> topic = string(json, text, name, topic);
                case "also" -> also = strings(json, text, name, also);
                case "event" -> type = string(json, text, name, type);
                case "id" -> id = string(json, text, name, id);
                case "retry" -> retry = retry(json, text, retry);
                case "key" -> key = EventFields.key("key", string(json, text, name, key));
                case "data" -> data = once(name, data, text.data(json));
                default -> {
                    Query.refuseTypo("field", name, KNOWN);
                    json.skipChildren();
                }
            }
        }
        if (data == null) {
            throw Problem.badRequest("no data; send \"data\" with any JSON value, \"\" for an empty event");
        }
        EventFields.checkSize(data, eventBytes);
        return EventFields.publication(topics(topic, also), type, id, retry, key == null ? requestKey : key, data);
    }

    private List<Topic> topics(@Nullable String name, List<String> also) {
        Topic topic = topic(name);
        if (!also.isEmpty()) {
            return EventFields.topics(caller, topic, also);
        }
        if (topic != lastTopic) {
            lastTopic = topic;
            lastTopics = List.of(topic);
        }
        return lastTopics;
    }

    private Topic topic(@Nullable String name) {
        if (pathTopic != null) {
            if (name != null && !name.equals(pathTopic.name())) {
                throw Problem.badRequest("topic=" + name + " is not that of the URL, " + pathTopic
                        + "; leave it out, or send events of several topics to POST /events");
            }
            return pathTopic;
        }
        if (name == null) {
            throw Problem.badRequest("no topic; each event of POST /events names its own");
        }
        return lastTopic != null && lastTopic.name().equals(name) ? lastTopic : EventFields.topic(caller, name);
    }

    private static @Nullable String string(JsonParser json, JsonBytes text, String name, @Nullable String before) {
        if (json.currentToken() == JsonToken.VALUE_NULL) {
            return before;
        }
        if (json.currentToken() != JsonToken.VALUE_STRING) {
            throw Problem.badRequest(name + ": expected a string");
        }
        return once(name, before, text.string(json));
    }

    private static List<String> strings(JsonParser json, JsonBytes text, String name, List<String> before) {
        if (json.currentToken() == JsonToken.VALUE_NULL) {
            return before;
        }
        once(name, before.isEmpty() ? null : "", "");
        if (json.currentToken() == JsonToken.VALUE_STRING) {
            return List.of(text.string(json));
        }
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw Problem.badRequest(name + ": expected a string, or an array of strings");
        }
        List<String> all = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() != JsonToken.VALUE_STRING) {
                throw Problem.badRequest(name + ": expected a string, or an array of strings");
            }
            all.add(text.string(json));
        }
        return all;
    }

    private static long retry(JsonParser json, JsonBytes text, long before) {
        if (json.currentToken() == JsonToken.VALUE_NULL) {
            return before;
        }
        once("retry", before == Event.NO_RETRY ? null : "", "");
        if (json.currentToken() == JsonToken.VALUE_NUMBER_INT && json.getStringLength() <= 9) {
            int millis = json.getIntValue();
            if (millis >= EventFields.LEAST_RETRY && millis <= EventFields.MOST_RETRY) {
                return millis;
            }
        }
        throw Query.outOfRange("retry", text.data(json), EventFields.LEAST_RETRY, EventFields.MOST_RETRY);
    }

    private static String once(String name, @Nullable String before, String value) {
        if (before != null) {
            throw Problem.badRequest(name + " is there twice; send it once");
        }
        return value;
    }
}
