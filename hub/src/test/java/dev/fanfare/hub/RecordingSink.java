package dev.fanfare.hub;

import dev.fanfare.stream.Event;
import dev.fanfare.stream.EventParser;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A sink that parses what it is given, as a client would. Written on its loop's thread; any thread may look. */
class RecordingSink implements Sink {
    /** An event as a client has it. */
    record Received(Event event, @Nullable String topic) {
        String type() {
            return event.type();
        }

        String data() {
            return event.data();
        }

        String id() {
            return String.valueOf(event.id());
        }

        boolean isControl() {
            return type().startsWith("fanfare-");
        }
    }

    private final List<Received> received = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private final EventParser parser;
    private int writes;
    private int largestWrite;
    private int comments;
    private long retry = -1;
    private boolean ended;
    private boolean open = true;
    private int writableFor = Integer.MAX_VALUE;

    RecordingSink() {
        this("");
    }

    RecordingSink(String lastEventId) {
        parser = new EventParser(
                new EventParser.Listener() {
                    @Override
                    public void event(Event event, @Nullable String topic) {
                        Received one = new Received(event, topic);
                        received.add(one);
                        received(one);
                    }

                    @Override
                    public void retry(long millis) {
                        retry = millis;
                    }

                    @Override
                    public void comment(String text) {
                        comments++;
                    }
                },
                16 << 20,
                lastEventId);
    }

    /** Called on the loop's thread with each event. */
    void received(Received one) {}

    @Override
    public synchronized boolean writable() {
        return open && writableFor > 0;
    }

    @Override
    public synchronized int write(Batch batch) {
        writes++;
        writableFor--;
        int frames = batch.frames().size();
        int taken = batch.divisible() ? mostTaken(frames) : frames;
        if (taken < frames) {
            writableFor = 0;
        }
        int bytes = 0;
        for (Frame frame : batch.frames().subList(0, taken)) {
            int length = frame.to() - frame.from();
            bytes += length;
            if (text.length() < 100_000) {
                text.append(new String(frame.bytes(), frame.from(), length, StandardCharsets.UTF_8));
            }
            parser.feed(frame.bytes(), frame.from(), length);
        }
        largestWrite = Math.max(largestWrite, bytes);
        return taken;
    }

    /** How many frames of so many the sink takes at once. */
    int mostTaken(int frames) {
        return frames;
    }

    @Override
    public synchronized void end() {
        ended = true;
    }

    /** Cannot be written to any more, until it is opened. */
    synchronized void block() {
        open = false;
    }

    /** Can be written to so many times. */
    synchronized void open(int times) {
        open = true;
        writableFor = times;
    }

    synchronized void open() {
        open(Integer.MAX_VALUE);
    }

    synchronized List<Received> received() {
        return List.copyOf(received);
    }

    /** The data of the events that publishers sent. */
    List<String> data() {
        return received().stream()
                .filter(one -> !one.isControl())
                .map(Received::data)
                .toList();
    }

    List<Received> ofType(String type) {
        return received().stream().filter(one -> one.type().equals(type)).toList();
    }

    /** The last event ID a client has now. */
    synchronized String lastEventId() {
        return parser.lastEventId();
    }

    synchronized String text() {
        return text.toString();
    }

    synchronized int writes() {
        return writes;
    }

    synchronized int largestWrite() {
        return largestWrite;
    }

    synchronized int comments() {
        return comments;
    }

    synchronized long retry() {
        return retry;
    }

    synchronized boolean ended() {
        return ended;
    }
}
