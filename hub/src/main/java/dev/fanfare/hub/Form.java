package dev.fanfare.hub;

/** What an event's block looks like on a stream. Each form of an event is encoded once, when first asked for. */
public enum Form {
    /** As published. */
    PLAIN,
    /** With a line {@code topic: <canonical topic>}, which standard parsers ignore. */
    TOPIC,
    /** With {@code {"topic","event","time","data"}} as its data. */
    ENVELOPE,
    /** As {@link #TOPIC}, after a line {@code also: <topic>} for each further topic. */
    ALSO
}
