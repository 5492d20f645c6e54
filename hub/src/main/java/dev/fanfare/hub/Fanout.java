package dev.fanfare.hub;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * From an entry to the live cursors: what a pass has gathered for each audience, written to each of its cursors with one write.
 * Confined to the loop's thread.
 */
final class Fanout {

    private final Loop loop;
    private final Window window;
    private final TopicIndex index;
    private final HubListener listener;
    private final List<Audience> served = new ArrayList<>();
    private final Map<Form, Batch> byForm = new EnumMap<>(Form.class);
    private final Consumer<Audience> gather = this::gather;
    private @Nullable WindowEntry passing;
    private long number;
    private boolean wanted;
    /** Positions of events that were gathered and that the listener has not heard of. */
    private long[] untold = new long[16];

    private int untoldCount;

    Fanout(Loop loop, Window window, TopicIndex index, HubListener listener) {
        this.loop = loop;
        this.window = window;
        this.index = index;
        this.listener = listener;
    }

    /** Gathers an event, of this number in the window, for all that want it. */
    void gather(WindowEntry entry, long entryNumber, Publication publication) {
        passing = entry;
        number = entryNumber;
        wanted = false;
        List<Topic> topics = publication.topics();
        for (int i = 0; i < topics.size(); i++) {
            index.match(topics.get(i), gather);
        }
        if (wanted) {
            if (untoldCount == untold.length) {
                untold = Arrays.copyOf(untold, untoldCount * 2);
            }
            untold[untoldCount++] = entry.position();
        }
    }

    private void gather(Audience audience) {
        WindowEntry entry = passing;
        if (entry == null || audience.live() == 0 || audience.lastGathered == number) {
            return;
        }
        Publication publication = entry.publication();
        if (publication == null || !audience.selection.wants(publication.event().type())) {
            return;
        }
        wanted = true;
        audience.lastGathered = number;
        int size = Frame.size(entry.frame(Form.PLAIN, window));
        if (audience.gathered.isEmpty()) {
            served.add(audience);
        } else if (audience.gatheredBytes + size > Loop.MOST_BYTES_A_WRITE) {
            serve(audience);
        }
        audience.gathered.add(entry);
        audience.gatheredBytes += size;
    }

    /** Writes what was gathered. */
    void serve() {
        for (int i = 0; i < served.size(); i++) {
            serve(served.get(i));
        }
        served.clear();
        tell();
    }

    private void tell() {
        if (untoldCount > 0) {
            long now = System.currentTimeMillis();
            for (int i = 0; i < untoldCount; i++) {
                listener.delivered(Math.max(0, now - Position.millis(untold[i])));
            }
            untoldCount = 0;
        }
    }

    private void serve(Audience audience) {
        List<WindowEntry> gathered = audience.gathered;
        if (gathered.isEmpty()) {
            return;
        }
        int written = 0;
        byForm.clear();
        for (int i = audience.live() - 1; i >= 0; i--) {
            Cursor cursor = audience.live(i);
            if (!cursor.sink.writable()) {
                loop.lag(cursor, gathered.get(0).position() - 1);
                continue;
            }
            Batch batch = byForm.get(cursor.form);
            if (batch == null) {
                batch = loop.batch(
                        cursor.form, gathered, gathered.get(gathered.size() - 1).position(), true);
                byForm.put(cursor.form, batch);
            }
            int taken = cursor.write(batch);
            cursor.lastId = batch.position(taken - 1);
            written += taken;
            if (taken < gathered.size()) {
                loop.lag(cursor, cursor.lastId);
            }
        }
        if (written > 0) {
            loop.traffic().delivered(written);
            listener.served(gathered.size());
        }
        gathered.clear();
        audience.gatheredBytes = 0;
    }

    /**
     * A topic has ended: serves what came before, and lets those for whom it may be the last end read on by themselves, which is how
     * they find out.
     */
    void ended(Topic topic, long position) {
        serve();
        index.match(topic, audience -> {
            for (int i = audience.live() - 1; audience.selection.canEnd() && i >= 0; i--) {
                Cursor cursor = audience.live(i);
                if (cursor.sink.writable()) {
                    loop.readOn(cursor, position - 1);
                } else {
                    loop.lag(cursor, position - 1);
                }
            }
        });
    }
}
