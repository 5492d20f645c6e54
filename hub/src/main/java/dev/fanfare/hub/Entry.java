package dev.fanfare.hub;

/**
 * What a log holds: a publication, or a fact that every node must learn in the same place of the order.
 */
public sealed interface Entry permits Publication, TopicDeleted, TopicEnded, Note {}
