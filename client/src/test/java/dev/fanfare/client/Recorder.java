package dev.fanfare.client;

import static org.awaitility.Awaitility.await;

import dev.fanfare.stream.Event;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A listener that writes down what it hears, one line a call, and notices calls that overlap. */
class Recorder implements EventSource.Listener {

    final List<String> calls = new CopyOnWriteArrayList<>();
    final List<Event> events = new CopyOnWriteArrayList<>();
    final List<Duration> delays = new CopyOnWriteArrayList<>();
    final List<Throwable> causes = new CopyOnWriteArrayList<>();
    final List<Ending> endings = new CopyOnWriteArrayList<>();
    final List<Gap> gaps = new CopyOnWriteArrayList<>();
    private final AtomicInteger inside = new AtomicInteger();

    @Override
    public void open() {
        call("open");
    }

    @Override
    public void event(Event event, @Nullable String topic) {
        events.add(event);
        call("event " + topic + " " + event.type() + " " + event.data() + " " + event.id());
    }

    @Override
    public void gap(Gap gap) {
        gaps.add(gap);
        call("gap");
    }

    @Override
    public void retrying(Throwable cause, Duration delay) {
        causes.add(cause);
        delays.add(delay);
        call("retrying");
    }

    @Override
    public void closed(Ending ending) {
        endings.add(ending);
        call("closed");
    }

    private void call(String line) {
        if (inside.incrementAndGet() != 1) {
            calls.add("overlapping: " + line);
        }
        calls.add(line);
        inside.decrementAndGet();
    }

    /** The data of the events so far. */
    List<String> data() {
        return events.stream().map(Event::data).toList();
    }

    void awaitCall(String line) {
        await("call " + line).until(() -> calls.contains(line));
    }

    Ending awaitEnding() {
        await("closed()").until(() -> !endings.isEmpty());
        return endings.get(0);
    }
}
