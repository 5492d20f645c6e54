package dev.fanfare.auth;

import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Stored;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What was opened with tickets. The log has a note of each ticket that was: its newest opening, until the ticket ends. Here are those
 * of this node that are open, at most one a stream but for those on their way.
 */
final class Openings {

    private static final String PREFIX = "ticket/";
    private static final long RETRY_MILLIS = 500;
    private static final System.Logger LOG = System.getLogger(Openings.class.getName());

    private final EventLog log;
    private final Map<String, List<Opening>> open = new ConcurrentHashMap<>();
    private final String node = TicketKeys.random(8);
    private final AtomicLong count = new AtomicLong();

    Openings(EventLog log) {
        this.log = log;
    }

    /** A new one of a ticket. */
    Opening add(String ticket, Caller caller) {
        Opening opening = new Opening(ticket, node + "." + count.incrementAndGet(), caller, this);
        open.compute(ticket, (id, all) -> {
            List<Opening> some = all == null ? new CopyOnWriteArrayList<>() : all;
            some.add(opening);
            return some;
        });
        return opening;
    }

    void remove(Opening opening) {
        open.computeIfPresent(opening.ticket, (id, all) -> {
            all.remove(opening);
            return all.isEmpty() ? null : all;
        });
    }

    /** How many there are. */
    int size() {
        return open.values().stream().mapToInt(List::size).sum();
    }

    /** Where the log has the newest opening of a ticket, or 0. */
    CompletionStage<Long> newest(String ticket) {
        return log.notes(PREFIX + ticket)
                .thenApply(found -> found.isEmpty() ? 0 : found.get(0).position());
    }

    /** Has the log know of an opening; completes with where it has it. */
    CompletionStage<Long> note(Opening opening) {
        Note note =
                new Note(PREFIX + opening.ticket, opening.id, opening.caller().until());
        return log.append(List.of(note)).thenApply(positions -> positions[0]);
    }

    /** Hears of openings, on all nodes. */
    void take(Note note, long position) {
        if (!note.name().startsWith(PREFIX) || note.isRemoval()) {
            return;
        }
        for (Opening opening : open.getOrDefault(note.name().substring(PREFIX.length()), List.of())) {
            if (opening.id.equals(note.value())) {
                opening.begin(position);
            } else {
                move(opening, position);
            }
        }
    }

    /** Openings may not have been heard of: of the tickets that are open here, the log is asked for the newest. */
    void askAgain() {
        open.keySet().forEach(this::ask);
    }

    private void ask(String ticket) {
        log.notes(PREFIX + ticket).whenComplete((found, failure) -> {
            if (failure == null) {
                for (Stored stored : found) {
                    take((Note) stored.entry(), stored.position());
                }
            } else if (open.containsKey(ticket)) {
                CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS)
                        .execute(() -> ask(ticket));
            }
        });
    }

    private static void move(Opening opening, long position) {
        try {
            opening.move(position);
        } catch (RuntimeException failure) { // the log must not suffer from it
            LOG.log(
                    System.Logger.Level.ERROR,
                    "a stream whose ticket was opened again may not have been ended",
                    failure);
        }
    }
}
