package dev.fanfare.hub;

import java.util.List;
import java.util.Locale;
import tools.jackson.core.JsonGenerator;

/**
 * Events are missing between where a reader was and what it reads next.
 *
 * @param reason why
 * @param selectors those of the reader's that have the gap
 * @param skipped how many events were left out, or -1 where nobody can know
 */
public record Gap(Reason reason, List<Selector> selectors, long skipped) {

    private static final int MOST_TOPICS = 20;

    /** A gap of unknown size. */
    public Gap(Reason reason, List<Selector> selectors) {
        this(reason, selectors, -1);
    }

    /**
     * Writes the members of a {@code fanfare-gap}'s data, of which {@value #MOST_TOPICS} topics at most.
     *
     * @param after the id that was asked for
     * @param resumedAt the position just before the next event
     */
    public void writeTo(JsonGenerator json, String after, long resumedAt) {
        json.writeStringProperty("after", after);
        json.writeStringProperty("resumedAt", Position.text(resumedAt));
        json.writeArrayPropertyStart("topics");
        selectors.stream().limit(MOST_TOPICS).forEach(selector -> json.writeString(selector.toString()));
        json.writeEndArray();
        json.writeStringProperty("reason", reason.text());
        if (skipped >= 0) {
            json.writeNumberProperty("skipped", skipped);
        }
    }

    /** Why events are missing. */
    public enum Reason {
        /** Retention has removed them. */
        EXPIRED,
        /** The id asked for is not known. */
        UNKNOWN_ID,
        /** The log is another one, or has lost its end, since that id was given out. */
        LOG_LOST,
        /** The topic's history was deleted. */
        DELETED,
        /** The reader was too slow and asked for the newest event of each topic only. */
        SLOW_CONSUMER;

        /** The reason as clients see it. */
        public String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }
}
