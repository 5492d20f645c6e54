package dev.fanfare.http;

import dev.fanfare.auth.UserTopics;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Topic;
import dev.fanfare.stream.Event;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;

/**
 * How JSON messages that were not made for a hub become events: which of their members are the topic, the event type, the data and the
 * id. A message without the member for data is its own data. Thread-safe.
 *
 * <p>A topic is a template: {@code users/{userId}} has the member {@code userId} in it as one literal segment, as {@code sub} is in
 * {@code @me}; {@code {topic}} alone is a whole topic; {@code {channel}} stands for where the message was sent. Of several templates the
 * first one counts whose members are there. Only a template that says so names {@code @all}.
 */
public final class MessageMapping {

    private static final Pattern MEMBER = Pattern.compile("\\{([^{}]+)}");
    private static final String CHANNEL = "channel";

    private final List<String> topics;
    private final String event;
    private final String data;
    private final String id;
    private final int eventBytes;
    /** Members that are looked at, besides the data. */
    private final Set<String> wanted = new HashSet<>();

    /** What was found in a message. */
    private record Found(Map<String, String> members, String data) {}

    /**
     * A mapping.
     *
     * @param topics templates of topics
     * @param event the member that is the event type
     * @param data the member that is the data: a string as its text, anything else as compact JSON
     * @param id the member that is the event's id
     * @param eventBytes how large an event's data may be
     * @throws IllegalArgumentException if a template makes no topic
     */
    public MessageMapping(List<String> topics, String event, String data, String id, int eventBytes) {
        this.topics = List.copyOf(topics);
        this.event = event;
        this.data = data;
        this.id = id;
        this.eventBytes = eventBytes;
        for (String template : topics) {
            checkTemplate(template);
            MEMBER.matcher(template).results().map(member -> member.group(1)).forEach(wanted::add);
        }
        wanted.remove(CHANNEL);
        wanted.add(event);
        wanted.add(id);
    }

    /** Throws {@link IllegalArgumentException} if a template makes no topic. */
    public static void checkTemplate(String template) {
        String sample = Topic.of(MEMBER.matcher(template).replaceAll("x")).name();
        if (sample.indexOf('{') >= 0 || sample.indexOf('}') >= 0) {
            throw new IllegalArgumentException(
                    "'" + template + "' (expected: a topic with members in braces, like users/{userId})");
        }
    }

    /**
     * The event that a message is.
     *
     * @throws Problem 413 if it is too large, else 400; the title says what is wrong with it, and holds nothing of it
     */
    public Publication publication(String channel, byte[] message) {
        if (message.length > NdjsonBody.longest(eventBytes)) {
            throw Problem.eventTooLarge(eventBytes);
        }
        Found found = read(message);
        EventFields.checkSize(found.data, eventBytes);
        Topic topic = topic(channel, found.members);
        try {
            return EventFields.publication(
                    List.of(topic), found.members.get(event), found.members.get(id), Event.NO_RETRY, null, found.data);
        } catch (Problem problem) {
            throw new Problem(400, "An event type or id that is none", String.valueOf(problem.getMessage()));
        }
    }

    private Found read(byte[] message) {
        try (JsonParser json = EventObjects.FACTORY.createParser(ObjectReadContext.empty(), message)) {
            JsonBytes text = utf8(message);
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new Problem(400, "No JSON object", "send one object");
            }
            int start = (int) json.currentTokenLocation().getByteOffset();
            Map<String, String> members = new HashMap<>();
            String own = read(json, text, members);
            int end = (int) json.currentLocation().getByteOffset();
            if (json.nextToken() != null) {
                throw new Problem(400, "More than one JSON value", "send one object");
            }
            return new Found(members, own == null ? text.compact(start, end) : own);
        } catch (JacksonException e) {
            throw new Problem(400, "No JSON", String.valueOf(e.getOriginalMessage()));
        }
    }

    private static JsonBytes utf8(byte[] message) {
        try {
            return new JsonBytes(message, 0, message.length);
        } catch (Problem problem) {
            throw new Problem(400, "No JSON in UTF-8", String.valueOf(problem.getMessage()));
        }
    }

    /** Finds the members; answers with the data, null if there is none. */
    private @Nullable String read(JsonParser json, JsonBytes text, Map<String, String> members) {
        String own = null;
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            JsonToken token = json.nextToken();
            if (name.equals(data)) {
                once(own);
                own = text.data(json);
                if (token == JsonToken.VALUE_STRING && wanted.contains(name)) {
                    members.put(name, own);
                }
            } else if (wanted.contains(name) && token != JsonToken.VALUE_NULL) {
                if (token != JsonToken.VALUE_STRING && token != JsonToken.VALUE_NUMBER_INT) {
                    throw new Problem(400, "A member of the wrong type", "send " + name + " as a string or an integer");
                }
                once(members.put(name, text.string(json)));
            } else {
                json.skipChildren();
            }
        }
        return own;
    }

    private static void once(@Nullable String before) {
        if (before != null) {
            throw new Problem(400, "A member twice", "send each member once");
        }
    }

    private Topic topic(String channel, Map<String, String> members) {
        members.put(CHANNEL, channel);
        for (String template : topics) {
            String name = fill(template, members);
            if (name != null) {
                try {
                    Topic topic = Topic.of(name);
                    if (topic == Topic.ALL && !template.equals(Topic.ALL.name())) {
                        throw new IllegalArgumentException("@all is named by none of the templates");
                    }
                    return topic;
                } catch (IllegalArgumentException e) {
                    throw new Problem(400, "A topic that is none", String.valueOf(e.getMessage()));
                }
            }
        }
        throw new Problem(400, "No topic", "send the members of one of " + topics);
    }

    /** Null if a member is missing. */
    private static @Nullable String fill(String template, Map<String, String> members) {
        Matcher places = MEMBER.matcher(template);
        StringBuilder name = new StringBuilder();
        while (places.find()) {
            String value = members.get(places.group(1));
            if (value == null) {
                return null;
            }
            boolean isWhole = places.group().length() == template.length();
            places.appendReplacement(name, Matcher.quoteReplacement(isWhole ? value : segment(value)));
        }
        return places.appendTail(name).toString();
    }

    private static String segment(String value) {
        try {
            return UserTopics.segment(value);
        } catch (IllegalArgumentException e) {
            throw new Problem(400, "A topic that is none", String.valueOf(e.getMessage()));
        }
    }
}
