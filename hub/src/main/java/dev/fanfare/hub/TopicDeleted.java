package dev.fanfare.hub;

/**
 * A topic's history is forgotten: no read returns its events before this entry. Streams that wait for its next event go on.
 *
 * @param topic the topic
 */
public record TopicDeleted(Topic topic) implements Entry {}
