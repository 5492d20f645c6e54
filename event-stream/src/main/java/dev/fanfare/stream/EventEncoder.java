package dev.fanfare.stream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import org.jspecify.annotations.Nullable;

/**
 * Writes an event as its block of the event stream: {@code event:} unless the type is {@code message}, {@code retry:} and
 * {@code topic:} if there are, {@code data:} once per line, {@code id:}, a blank line.
 *
 * <p>The id is last because some clients commit it when they read its line: a connection cut inside the block must not leave them
 * with the id of an event they never dispatched. Lines end in LF. A lone surrogate is written as U+FFFD.
 *
 * <p>Stateless, for any thread. Nothing is allocated but the array that is returned.
 */
public final class EventEncoder {
    private static final byte[] EVENT = "event: ".getBytes(ISO_8859_1);
    private static final byte[] RETRY = "retry: ".getBytes(ISO_8859_1);
    private static final byte[] TOPIC = "topic: ".getBytes(ISO_8859_1);
    private static final byte[] DATA = "data: ".getBytes(ISO_8859_1);
    private static final byte[] ID = "id: ".getBytes(ISO_8859_1);

    private static final int DATA_LINE = DATA.length + 1;
    private static final int RETRY_LINE = RETRY.length + 1 + 19; // Long.MAX_VALUE has 19 digits
    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    private EventEncoder() {}

    /** The block of an event, in an array of exactly its length. */
    public static byte[] encode(Event event) {
        return encode(event, null);
    }

    /**
     * The block of an event with a {@code topic:} line, which only our own clients read, in an array of exactly its length.
     *
     * @param topic null for no such line
     * @throws IllegalArgumentException if the topic has a CR or LF, or the block would not fit an array
     */
    public static byte[] encode(Event event, @Nullable String topic) {
        byte[] block = new byte[length(event, topic)];
        encode(event, topic, block, 0);
        return block;
    }

    /**
     * Writes the block of an event into an array that has room for {@link #length} bytes, and so surely for {@link #maxLength}.
     *
     * @return the end of the block in the array
     * @throws IllegalArgumentException if the topic has a CR or LF; nothing is written then
     * @throws IndexOutOfBoundsException if there is not enough room; what fitted is written then
     */
    public static int encode(Event event, @Nullable String topic, byte[] into, int offset) {
        if (topic != null) {
            refuseLineBreak(topic);
        }
        int at = offset;
        if (!event.type().equals(Event.MESSAGE)) {
            at = line(EVENT, event.type(), 0, event.type().length(), into, at);
        }
        if (event.retry() != Event.NO_RETRY) {
            at = digits(event.retry(), into, put(RETRY, into, at));
            into[at++] = '\n';
        }
        if (topic != null) {
            at = line(TOPIC, topic, 0, topic.length(), into, at);
        }
        at = data(event.data(), into, at);
        String id = event.id();
        if (id != null) {
            at = line(ID, id, 0, id.length(), into, at);
        }
        into[at++] = '\n';
        return at;
    }

    /**
     * The exact length of an event's block, for which every char is looked at. An array that is kept, or a chunk's size that goes
     * before the block, wants this one.
     *
     * @throws IllegalArgumentException if the block would not fit an array
     */
    public static int length(Event event, @Nullable String topic) {
        long length = Utf8.length(event.data()) + (long) DATA.length * lineBreaks(event.data()) + DATA_LINE + 1;
        if (!event.type().equals(Event.MESSAGE)) {
            length += EVENT.length + Utf8.length(event.type()) + 1;
        }
        if (event.retry() != Event.NO_RETRY) {
            length += RETRY.length + digits(event.retry()) + 1;
        }
        if (topic != null) {
            length += TOPIC.length + Utf8.length(topic) + 1;
        }
        String id = event.id();
        if (id != null) {
            length += ID.length + Utf8.length(id) + 1;
        }
        return fitting(length);
    }

    /**
     * At least {@link #length}, and cheaper: only line breaks are counted, and every char is taken for three bytes. For an array that
     * is used again.
     *
     * @throws IllegalArgumentException if such an array cannot be
     */
    public static int maxLength(Event event, @Nullable String topic) {
        String id = event.id();
        long chars = (long) event.data().length()
                + event.type().length()
                + (topic == null ? 0 : topic.length())
                + (id == null ? 0 : id.length());
        int names = EVENT.length + 1 + RETRY_LINE + TOPIC.length + 1 + DATA_LINE + ID.length + 1 + 1;
        return fitting(3 * chars + names + (long) DATA.length * lineBreaks(event.data()));
    }

    private static int data(String data, byte[] into, int offset) {
        int at = offset;
        int from = 0;
        for (int lf = data.indexOf('\n'); lf >= 0; lf = data.indexOf('\n', from)) {
            at = line(DATA, data, from, lf, into, at);
            from = lf + 1;
        }
        return line(DATA, data, from, data.length(), into, at);
    }

    private static int line(byte[] name, String text, int from, int to, byte[] into, int offset) {
        int at = Utf8.encode(text, from, to, into, put(name, into, offset));
        into[at++] = '\n';
        return at;
    }

    private static int put(byte[] bytes, byte[] into, int offset) {
        System.arraycopy(bytes, 0, into, offset, bytes.length);
        return offset + bytes.length;
    }

    private static int digits(long number, byte[] into, int offset) {
        int end = offset + digits(number);
        long rest = number;
        for (int at = end - 1; at >= offset; at--) {
            into[at] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        return end;
    }

    private static int digits(long number) {
        int digits = 1;
        for (long rest = number / 10; rest > 0; rest /= 10) {
            digits++;
        }
        return digits;
    }

    private static int lineBreaks(String data) {
        int count = 0;
        for (int lf = data.indexOf('\n'); lf >= 0; lf = data.indexOf('\n', lf + 1)) {
            count++;
        }
        return count;
    }

    private static void refuseLineBreak(String topic) {
        if (topic.indexOf('\n') >= 0 || topic.indexOf('\r') >= 0) {
            throw new IllegalArgumentException("topic has a line break (expected: one line)");
        }
    }

    private static int fitting(long length) {
        if (length > LARGEST_ARRAY) {
            throw new IllegalArgumentException("event: " + length + " bytes (expected: at most " + LARGEST_ARRAY + ")");
        }
        return (int) length;
    }
}
