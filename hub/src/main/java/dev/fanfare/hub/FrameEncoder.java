package dev.fanfare.hub;

import java.util.Arrays;

/** Puts a transport's framing around the text of an event stream. Called by any thread. */
@FunctionalInterface
public interface FrameEncoder {

    /** No framing: the text alone. */
    FrameEncoder PLAIN = (text, length) -> new Frame(Arrays.copyOf(text, length), 0, length);

    /** A frame of the first {@code length} bytes of {@code text}, which the caller goes on to use for other things. */
    Frame frame(byte[] text, int length);
}
