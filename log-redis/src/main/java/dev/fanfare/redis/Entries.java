package dev.fanfare.redis;

import dev.fanfare.hub.Entry;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Stored;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicDeleted;
import dev.fanfare.hub.TopicEnded;
import dev.fanfare.stream.Event;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Entries as texts: kind, topics with a line each, type, id with {@code =} in front, retry, data. A note has its name for topics, its end
 * for retry and its value for data; the end of a topic has its reason for data.
 */
final class Entries {

    private static final int FINGERPRINT_BYTES = 16;
    private static final HexFormat HEX = HexFormat.of();

    private Entries() {}

    /** An entry for {@code append.lua}. */
    static void addTo(List<String> arguments, Entry entry) {
        if (entry instanceof Publication publication) {
            Event event = publication.event();
            add(arguments, "e", topics(publication), event.type(), id(event), event.retry(), event.data());
            String key = publication.key();
            arguments.add(key == null ? "" : key);
            arguments.add(key == null ? "" : fingerprint(publication));
            return;
        }
        if (entry instanceof TopicDeleted deletion) {
            add(arguments, "d", deletion.topic().name(), "", "", 0, "");
        } else if (entry instanceof TopicEnded end) {
            add(arguments, "x", end.topic().name(), "", "", 0, end.reason().name());
        } else if (entry instanceof Note note) {
            add(arguments, "n", note.name(), "", "", note.until(), note.value());
        }
        arguments.add("");
        arguments.add("");
    }

    private static void add(
            List<String> arguments, String kind, String topics, String type, String id, long retry, String data) {
        arguments.add(kind);
        arguments.add(topics);
        arguments.add(type);
        arguments.add(id);
        arguments.add(Long.toString(retry));
        arguments.add(data);
    }

    private static String topics(Publication publication) {
        return publication.topics().size() == 1
                ? publication.topic().name()
                : String.join(
                        "\n", publication.topics().stream().map(Topic::name).toList());
    }

    private static String id(Event event) {
        return event.id() == null ? "" : chosenId(event.id());
    }

    /** How an id that a publisher chose is kept: the empty one is another than none. */
    static String chosenId(String id) {
        return "=" + id;
    }

    /** About how many bytes it takes on its way. */
    static int weight(Entry entry) {
        if (entry instanceof Publication publication) {
            return publication.weight();
        }
        return entry instanceof Note note ? 200 + note.value().length() : 200;
    }

    /** An entry from what a script or the stream gave. */
    static Stored decode(long position, String kind, String topics, String type, String id, String retry, String data) {
        Entry entry = switch (kind) {
            case "e" -> new Publication(topics(topics), new Event(type, data, chosen(id), Long.parseLong(retry)), null);
            case "d" -> new TopicDeleted(Topic.of(topics));
            case "x" -> new TopicEnded(Topic.of(topics), TopicEnded.Reason.valueOf(data));
            case "n" -> new Note(topics, data, Long.parseLong(retry));
            default -> throw new IllegalStateException("an entry of kind " + kind + ", which is not known");
        };
        return new Stored(position, entry);
    }

    private static List<Topic> topics(String lines) {
        if (lines.indexOf('\n') < 0) {
            return List.of(Topic.of(lines));
        }
        List<Topic> topics = new ArrayList<>();
        for (String name : lines.split("\n", -1)) {
            topics.add(Topic.of(name));
        }
        return topics;
    }

    private static @Nullable String chosen(String id) {
        return id.isEmpty() ? null : id.substring(1);
    }

    /** What two publications with the same key must have in common. */
    private static String fingerprint(Publication publication) {
        Event event = publication.event();
        String all = String.join(
                "\0", topics(publication), event.type(), id(event), Long.toString(event.retry()), event.data());
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(all.getBytes(StandardCharsets.UTF_8));
            return HEX.formatHex(digest, 0, FINGERPRINT_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
