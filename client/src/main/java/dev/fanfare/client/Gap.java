package dev.fanfare.client;

/**
 * Events are missing at this place of a stream: the node no longer holds all that came after the id it was asked to resume
 * from. A listener that shows state should read it anew.
 *
 * @param after the id that was asked for
 * @param resumedAt the id of the position from which the stream goes on
 * @param reason {@code expired}, {@code unknown-id}, {@code log-lost}, {@code deleted} or {@code slow-consumer}; more may come
 * @param data the whole gap as the node sent it, a JSON object, with {@code topics} and {@code skipped} where there are any
 */
public record Gap(String after, String resumedAt, String reason, String data) {

    /** Reads the fields out of an event's data; what is not there is empty. */
    static Gap of(String data) {
        return new Gap(
                JsonFields.stringOrEmpty(data, "after"),
                JsonFields.stringOrEmpty(data, "resumedAt"),
                JsonFields.stringOrEmpty(data, "reason"),
                data);
    }
}
