package dev.fanfare.http;

import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/**
 * How much of a request's events is published.
 *
 * @param events how many, repeats under a key included
 * @param last the id of the last of them, null if there is none
 */
public record Published(long events, @Nullable String last) {

    /** None yet. */
    public static final Published NOTHING = new Published(0, null);

    /** This many events, the last of them at this position. */
    public static Published upTo(Publication last, long position, long events) {
        String chosen = last.event().id();
        return new Published(events, chosen == null ? Position.text(position) : chosen);
    }

    /** The answer to a request whose events are all published. */
    public byte[] body() {
        return Json.bytes(this::write);
    }

    void write(JsonGenerator json) {
        json.writeNumberProperty("published", events);
        if (last == null) {
            json.writeNullProperty("last");
        } else {
            json.writeStringProperty("last", last);
        }
    }

    String sentence() {
        return events == 0
                ? "nothing was published"
                : events + (events == 1 ? " event was" : " events were") + " published before, up to id " + last;
    }
}
