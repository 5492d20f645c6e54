package dev.fanfare.rocksdb;

import dev.fanfare.hub.Entry;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicDeleted;
import dev.fanfare.hub.TopicEnded;
import dev.fanfare.stream.Event;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Entries as bytes. Numbers are of variable length, texts UTF-8 with their length in front:
 *
 * <pre>
 * publication  kind=1  topics  topic...  type  retry+1  flags  [id]  [key]  data
 * deleted      kind=2  topic
 * ended        kind=3  topic   reason
 * note         kind=4  name    until  value
 * </pre>
 */
final class Records {

    private static final int PUBLICATION = 1;
    private static final int DELETED = 2;
    private static final int ENDED = 3;
    private static final int NOTE = 4;
    private static final int HAS_ID = 1;
    private static final int HAS_KEY = 2;

    private Records() {}

    static byte[] encode(Entry entry, Bytes out) {
        out.clear();
        if (entry instanceof Publication publication) {
            out.number(PUBLICATION);
            encode(publication, out);
            out.number((publication.event().id() == null ? 0 : HAS_ID) | (publication.key() == null ? 0 : HAS_KEY));
            if (publication.event().id() != null) {
                out.text(publication.event().id());
            }
            if (publication.key() != null) {
                out.text(publication.key());
            }
            out.text(publication.event().data());
        } else if (entry instanceof TopicDeleted deletion) {
            out.number(DELETED);
            out.text(deletion.topic().name());
        } else if (entry instanceof TopicEnded end) {
            out.number(ENDED);
            out.text(end.topic().name());
            out.number(end.reason().ordinal());
        } else if (entry instanceof Note note) {
            out.number(NOTE);
            out.text(note.name());
            out.number(note.until());
            out.text(note.value());
        }
        return out.copy();
    }

    private static void encode(Publication publication, Bytes out) {
        List<Topic> topics = publication.topics();
        out.number(topics.size());
        for (int i = 0; i < topics.size(); i++) {
            out.text(topics.get(i).name());
        }
        out.text(publication.event().type());
        out.number(publication.event().retry() + 1);
    }

    static Entry decode(byte[] record) {
        Bytes.In in = new Bytes.In(record);
        int kind = (int) in.number();
        return switch (kind) {
            case PUBLICATION -> publication(in);
            case DELETED -> new TopicDeleted(Topic.of(in.text()));
            case ENDED -> new TopicEnded(Topic.of(in.text()), TopicEnded.Reason.values()[(int) in.number()]);
            case NOTE -> note(in);
            default -> throw new IllegalStateException("an entry of kind " + kind + ", which is not known");
        };
    }

    private static Note note(Bytes.In in) {
        String name = in.text();
        long until = in.number();
        return new Note(name, in.text(), until);
    }

    private static Publication publication(Bytes.In in) {
        int size = (int) in.number();
        List<Topic> topics = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            topics.add(Topic.of(in.text()));
        }
        String type = in.text();
        long retry = in.number() - 1;
        long flags = in.number();
        @Nullable String id = (flags & HAS_ID) == 0 ? null : in.text();
        @Nullable String key = (flags & HAS_KEY) == 0 ? null : in.text();
        return new Publication(topics, new Event(type, in.text(), id, retry), key);
    }

    /** The topics whose history an entry belongs to. */
    static List<Topic> topicsOf(Entry entry) {
        if (entry instanceof Publication publication) {
            return publication.topics();
        }
        return entry instanceof TopicEnded end ? List.of(end.topic()) : List.of();
    }

    static @Nullable String idOf(Entry entry) {
        return entry instanceof Publication publication ? publication.event().id() : null;
    }

    /** What two publications with the same key must have in common. */
    static byte[] fingerprint(Publication publication, Bytes scratch) {
        scratch.clear();
        encode(publication, scratch);
        scratch.text(publication.event().id() == null ? "" : publication.event().id());
        scratch.text(publication.event().data());
        try {
            return Arrays.copyOf(MessageDigest.getInstance("SHA-256").digest(scratch.copy()), 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
