package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads an event stream line by line from a response that has begun; the framing is checked as it is taken off. */
final class Subscriber implements AutoCloseable {

    private static final long PATIENCE_NANOS = 15_000_000_000L;

    private final Wire wire;
    private final Answer head;
    private final boolean chunked;
    private byte[] bytes = new byte[0];
    private int at;

    /** Reads the head of the answer to a request that was sent. */
    Subscriber(Wire wire) {
        this.wire = wire;
        this.head = wire.head();
        this.chunked = head.header("Transfer-Encoding").equals("chunked");
    }

    Answer head() {
        return head;
    }

    Wire wire() {
        return wire;
    }

    /** The next line, or null at a clean end: after the last chunk, or of a body that the close delimits. */
    @Nullable
    String line() {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            for (int i = at; i < bytes.length; i++) {
                if (bytes[i] == '\n') {
                    line.write(bytes, at, i - at);
                    at = i + 1;
                    return line.toString(StandardCharsets.UTF_8);
                }
            }
            line.write(bytes, at, bytes.length - at);
            at = 0;
            byte[] more = more();
            if (more == null) {
                bytes = new byte[0];
                assertThat(line.toString(StandardCharsets.UTF_8))
                        .as("an unfinished line before the end")
                        .isEmpty();
                return null;
            }
            bytes = more;
        }
    }

    private byte @Nullable [] more() {
        if (chunked) {
            return wire.chunk();
        }
        String text = wire.readOnce();
        return text.isEmpty() ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    /** The lines that come at once, which are of the first event's block; returns the reconnection time. */
    long lead() {
        assertThat(head.status()).as(head.statusLine()).isEqualTo(200);
        assertThat(line()).isEqualTo(":");
        String retry = String.valueOf(line());
        assertThat(retry).matches("retry: \\d+");
        return Long.parseLong(retry.substring("retry: ".length()));
    }

    /** The next event; comments before it are passed over. */
    Received next() {
        List<String> lines = new ArrayList<>();
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        for (String line = line(); line != null; line = line()) {
            assertThat(System.nanoTime()).as("time, with nothing but comments").isLessThan(deadline);
            if (line.isEmpty() && !lines.isEmpty()) {
                return new Received(lines);
            }
            if (!line.startsWith(":")) {
                assertThat(line).as("a blank line without an event before it").isNotEmpty();
                lines.add(line);
            }
        }
        throw new AssertionError("the stream ended; unfinished: " + lines);
    }

    List<Received> next(int count) {
        List<Received> events = new ArrayList<>();
        while (events.size() < count) {
            events.add(next());
        }
        return events;
    }

    /** The data of the next events. */
    List<String> data(int count) {
        return next(count).stream().map(Received::data).toList();
    }

    /** What is left, up to a clean end and the close of the connection. */
    List<String> rest() {
        List<String> lines = new ArrayList<>();
        for (String line = line(); line != null; line = line()) {
            lines.add(line);
        }
        wire.isClosed();
        return lines;
    }

    @Override
    public void close() {
        wire.close();
    }
}
