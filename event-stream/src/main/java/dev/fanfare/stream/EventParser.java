package dev.fanfare.stream;

import static java.util.Objects.checkFromIndexSize;
import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads an event stream, chunk by chunk as it comes, and tells a listener of each event at the byte that completes it. How the
 * stream is cut into chunks makes no difference, and the time taken is linear in its bytes even when they come one at a time.
 *
 * <p>It follows the rules of "Server-sent events" to the letter. Where they leave a choice: a new connection starts with the last
 * event ID of the one before; a {@code retry} that is empty or above {@link Long#MAX_VALUE} is ignored. Beyond them, a field
 * {@code topic} is read.
 *
 * <p>What is held is bounded: the unfinished line and the data, in bytes, with the type, id and topic of the same block, in chars,
 * never exceed {@code maxBuffer} together. A line counts whole until it has ended, a comment too. The last event ID is kept
 * besides. The arrays grow to what the largest event needed and stay so until {@link #end}.
 *
 * <p>For one thread at a time; the listener is called on the thread that feeds. It may call {@link #end}, which drops the rest of
 * the chunk. If a {@code feed} throws, be it {@link EventTooLargeException} or what the listener threw, the place in the stream is
 * lost: the parser refuses more until {@link #end}.
 */
public final class EventParser {
    private static final byte[] DATA = {'d', 'a', 't', 'a'};
    private static final byte[] EVENT = {'e', 'v', 'e', 'n', 't'};
    private static final byte[] ID = {'i', 'd'};
    private static final byte[] RETRY = {'r', 'e', 't', 'r', 'y'};
    private static final byte[] TOPIC = {'t', 'o', 'p', 'i', 'c'};
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private static final byte[] NOTHING = {};
    private static final int SMALLEST_BUFFER = 256;

    private final Listener listener;
    private final int maxBuffer;
    private String lastEventId;

    // the connection
    private boolean feeding; // stays true when a feed throws
    private boolean atStart = true; // no line has ended yet, so the first may begin with a byte order mark
    private boolean afterCr; // an LF that comes now belongs to the line end before it
    private byte[] line = NOTHING; // the unfinished line, as far as earlier chunks had it
    private int lineLength;

    // the block since the last blank line
    private byte[] data = NOTHING; // an LF after each line; decoded once, at dispatch
    private int dataLength;
    private @Nullable String type;
    private @Nullable String id;
    private @Nullable String topic;
    private long retry = Event.NO_RETRY;

    /** A parser whose first connection starts without a last event ID. */
    public EventParser(Listener listener, int maxBuffer) {
        this(listener, maxBuffer, "");
    }

    /**
     * A parser whose first connection starts with a last event ID, as kept from an earlier parser.
     *
     * @throws IllegalArgumentException if {@code maxBuffer} is below 1, or the last event ID has a CR, LF or NUL
     */
    public EventParser(Listener listener, int maxBuffer, String lastEventId) {
        this.listener = requireNonNull(listener, "listener");
        if (maxBuffer < 1) {
            throw new IllegalArgumentException("maxBuffer: " + maxBuffer + " (expected: > 0)");
        }
        this.maxBuffer = maxBuffer;
        this.lastEventId = Event.requireId(requireNonNull(lastEventId, "lastEventId"));
    }

    /** Reads the next bytes of the connection; the array is not kept. */
    public void feed(byte[] bytes, int offset, int length) {
        checkFromIndexSize(offset, length, bytes.length);
        if (feeding) {
            throw new IllegalStateException("an earlier feed threw, or is running (expected: end() first)");
        }
        feeding = true;
        read(bytes, offset, offset + length);
        feeding = false;
    }

    /** Reads the next bytes of the connection, all that remain in the buffer, which then has none; it is not kept. */
    public void feed(ByteBuffer bytes) {
        if (bytes.hasArray()) {
            int offset = bytes.arrayOffset() + bytes.position();
            int length = bytes.remaining();
            bytes.position(bytes.limit());
            feed(bytes.array(), offset, length);
            return;
        }
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        feed(copy, 0, copy.length);
    }

    /** Ends the connection: what is unfinished is dropped (P12), the last event ID is kept, and the next feed begins a new one. */
    public void end() {
        feeding = false;
        atStart = true;
        afterCr = false;
        line = NOTHING;
        lineLength = 0;
        data = NOTHING;
        clearBlock();
    }

    /** The last event ID string: of the last block that a blank line ended, with data or without; empty for none. */
    public String lastEventId() {
        return lastEventId;
    }

    private void read(byte[] bytes, int offset, int end) {
        int at = offset;
        while (at < end && feeding) {
            if (afterCr) {
                afterCr = false;
                if (bytes[at] == '\n') {
                    at++;
                    continue;
                }
            }
            int lineEnd = at;
            while (lineEnd < end && bytes[lineEnd] != '\n' && bytes[lineEnd] != '\r') {
                lineEnd++;
            }
            requireRoom(lineEnd - at);
            if (lineEnd == end) {
                keepLine(bytes, at, end);
                return;
            }
            afterCr = bytes[lineEnd] == '\r';
            if (lineLength == 0) {
                line(bytes, at, lineEnd);
            } else {
                keepLine(bytes, at, lineEnd);
                int length = lineLength;
                lineLength = 0;
                line(line, 0, length);
            }
            at = lineEnd + 1;
        }
    }

    /** Takes one whole line. The listener is always called last: it may end the connection. */
    private void line(byte[] bytes, int start, int end) {
        int from = start;
        if (atStart) {
            atStart = false;
            if (end - from >= 3 && isName(BYTE_ORDER_MARK, bytes, from, from + 3)) {
                from += 3;
            }
        }
        if (from == end) {
            blankLine();
            return;
        }
        int colon = from;
        while (colon < end && bytes[colon] != ':') {
            colon++;
        }
        int value = Math.min(colon + 1, end);
        if (value < end && bytes[value] == ' ') {
            value++;
        }
        if (colon == from) {
            listener.comment(Utf8.decode(bytes, value, end));
        } else if (isName(DATA, bytes, from, colon)) {
            keepData(bytes, value, end);
        } else if (isName(ID, bytes, from, colon)) {
            if (!hasNul(bytes, value, end)) {
                id = Utf8.decode(bytes, value, end);
            }
        } else if (isName(EVENT, bytes, from, colon)) {
            type = Utf8.decode(bytes, value, end);
        } else if (isName(TOPIC, bytes, from, colon)) {
            topic = Utf8.decode(bytes, value, end);
        } else if (isName(RETRY, bytes, from, colon)) {
            long millis = number(bytes, value, end);
            if (millis >= 0) {
                retry = millis;
                listener.retry(millis);
            }
        }
    }

    private void blankLine() {
        if (id != null) {
            lastEventId = id;
        }
        if (dataLength == 0) {
            clearBlock();
            return;
        }
        String text = Utf8.decode(data, 0, dataLength - 1);
        Event event = new Event(type == null ? Event.MESSAGE : type, text, lastEventId, retry);
        String eventTopic = topic;
        clearBlock();
        listener.event(event, eventTopic);
    }

    private void clearBlock() {
        dataLength = 0;
        type = null;
        id = null;
        topic = null;
        retry = Event.NO_RETRY;
    }

    private void requireRoom(int more) {
        long held = (long) lineLength + dataLength + length(type) + length(id) + length(topic);
        if (held + more > maxBuffer) {
            throw new EventTooLargeException(maxBuffer);
        }
    }

    private void keepLine(byte[] bytes, int from, int to) {
        line = grown(line, lineLength, to - from);
        System.arraycopy(bytes, from, line, lineLength, to - from);
        lineLength += to - from;
    }

    /** Needs no look at the bound: a {@code data} line is longer than its value and LF, and had room. */
    private void keepData(byte[] bytes, int from, int to) {
        data = grown(data, dataLength, to - from + 1);
        System.arraycopy(bytes, from, data, dataLength, to - from);
        dataLength += to - from;
        data[dataLength++] = '\n';
    }

    private byte[] grown(byte[] buffer, int length, int more) {
        int needed = length + more;
        if (needed <= buffer.length) {
            return buffer;
        }
        long doubled = Math.max(SMALLEST_BUFFER, 2L * buffer.length);
        return Arrays.copyOf(buffer, (int) Math.max(needed, Math.min(doubled, maxBuffer)));
    }

    private static int length(@Nullable String text) {
        return text == null ? 0 : text.length();
    }

    private static boolean isName(byte[] name, byte[] bytes, int from, int to) {
        return Arrays.equals(name, 0, name.length, bytes, from, to);
    }

    private static boolean hasNul(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] == 0) {
                return true;
            }
        }
        return false;
    }

    /** The number that digits alone make; -1 for anything else, nothing at all, or more than a long can hold. */
    private static long number(byte[] bytes, int from, int to) {
        long number = from < to ? 0 : -1;
        for (int i = from; i < to; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 9 || number > (Long.MAX_VALUE - digit) / 10) {
                return -1;
            }
            number = number * 10 + digit;
        }
        return number;
    }

    /** Hears what a stream brings, in its order, on the thread that feeds. */
    public interface Listener {
        /**
         * An event. Its id is the last event ID string at this point, empty for none, never null; its reconnection time is the one its
         * own block had.
         *
         * @param topic the value of the block's {@code topic} field, null without one
         */
        void event(Event event, @Nullable String topic);

        /** The reconnection time is now this; called at the line itself, whether or not an event follows (P11). */
        default void retry(long millis) {}

        /** A comment line: what follows the colon, without one leading space. Heartbeats are comments. */
        default void comment(String text) {}
    }
}
