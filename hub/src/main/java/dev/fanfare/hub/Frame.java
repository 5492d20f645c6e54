package dev.fanfare.hub;

import org.jspecify.annotations.Nullable;

/**
 * An event, or a comment, encoded for the wire once and shared by all who receive it. The array is never changed.
 *
 * <p>{@code bytes} is the whole with the transport's framing around it; the text of the event stream alone is the range from {@code
 * from} to {@code to}.
 */
public final class Frame {

    private final byte[] bytes;
    private final int from;
    private final int to;

    /** A frame over this array, which must not change any more. */
    public Frame(byte[] bytes, int from, int to) {
        this.bytes = bytes;
        this.from = from;
        this.to = to;
    }

    /** The framed bytes; not a copy. */
    public byte[] bytes() {
        return bytes;
    }

    /** Where the text begins. */
    public int from() {
        return from;
    }

    /** Where the text ends. */
    public int to() {
        return to;
    }

    static int size(@Nullable Frame frame) {
        return frame == null ? 0 : frame.bytes.length;
    }
}
