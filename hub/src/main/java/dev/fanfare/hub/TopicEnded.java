package dev.fanfare.hub;

import java.util.Locale;

/**
 * No publication to a topic comes after this entry, unless its history is deleted or has aged out. A topic ends once: another end
 * changes nothing.
 *
 * @param topic the topic
 * @param reason why
 */
public record TopicEnded(Topic topic, Reason reason) implements Entry {

    /** Checks that this topic can end. */
    public TopicEnded {
        if (topic == Topic.ALL) {
            throw new IllegalArgumentException("@all cannot end (expected: a topic that only some streams read)");
        }
    }

    /** Why a topic ended. */
    public enum Reason {
        /** Its publisher said so. */
        DONE,
        /** Its publisher broke off or fell silent. */
        ABORTED,
        /** A reader, or whoever may, stopped it. */
        CANCELLED;

        /** The reason as clients see it. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
