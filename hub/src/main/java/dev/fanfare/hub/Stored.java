package dev.fanfare.hub;

/**
 * An entry in its place.
 *
 * @param position where it is in the log
 * @param entry what it is
 */
public record Stored(long position, Entry entry) implements Line.Placed {}
