package dev.fanfare.redis;

import dev.fanfare.hub.EventLog.Follower;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Stored;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XReadArgs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Those on this node who are given every entry. One blocking read waits for new ones; who begins later is first given what there is.
 *
 * <p>Every entry carries the position before it. Where that is not the one given last, entries are missing: those before it were removed
 * before this node had read them, or the server has lost them.
 */
final class Followers {

    private static final int MOST_A_READ = 512;
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);
    private static final long RETRY_MILLIS = 100;
    private static final System.Logger LOG = System.getLogger(Followers.class.getName());

    private final Server server;
    private final Notes notes;
    private final List<Following> live = new ArrayList<>();
    private final PriorityQueue<Waiting> waiting = new PriorityQueue<>(Comparator.comparingLong(Waiting::position));
    /** What has been given so far; 0 while nobody follows. */
    private long position;
    /** The tail when the last read had nothing new; 0 if it had. */
    private long quietTail;

    /** Finds the notes that hold. */
    interface Notes {
        CompletionStage<List<Stored>> all();
    }

    private static final class Following {
        final Follower follower;
        long position;

        Following(Follower follower, long position) {
            this.follower = follower;
            this.position = position;
        }
    }

    private record Waiting(long position, CompletableFuture<Void> passed) {}

    Followers(Server server, Notes notes) {
        this.server = server;
        this.notes = notes;
    }

    /** Completes when all who follow have been given the entries up to this position. */
    CompletableFuture<Void> passed(long upTo) {
        synchronized (this) {
            if (position != 0 && upTo > position) {
                Waiting one = new Waiting(upTo, new CompletableFuture<>());
                waiting.add(one);
                return one.passed;
            }
        }
        return CompletableFuture.completedFuture(null);
    }

    synchronized void expired(long upTo) {
        if (upTo > 0) {
            live.forEach(following -> following.follower.expired(Math.min(upTo, following.position)));
        }
    }

    CompletableFuture<Void> follow(long after, Follower follower) {
        Following following = new Following(follower, after);
        return page(after)
                .thenCompose(first -> after >= first.position(0)
                        ? catchUp(following, first, List.of())
                        : notes.all()
                                .thenCompose(all -> catchUp(
                                        following,
                                        first,
                                        all.stream()
                                                .filter(note ->
                                                        note.position() > after && note.position() <= first.position(0))
                                                .toList())));
    }

    private CompletableFuture<Reply> page(long after) {
        return server.ask(Script.ASK, "entries", Reply.hex(after), Integer.toString(MOST_A_READ));
    }

    /** Gives a page, and the notes that retention has taken out of the stream in their places, and then the next or what is new. */
    private CompletionStage<Void> catchUp(Following following, Reply page, List<Stored> older) {
        List<Stored> entries = page.entries(2);
        boolean last = entries.size() < MOST_A_READ;
        long end = last ? page.position(1) : entries.get(entries.size() - 1).position();
        List<Stored> all = new ArrayList<>(entries);
        List<Stored> later = new ArrayList<>();
        for (Stored note : older) {
            (note.position() <= end ? all : later).add(note);
        }
        all.sort(Comparator.comparingLong(Stored::position));
        synchronized (this) {
            if (!all.isEmpty()) {
                following.follower.entries(all);
            }
            following.position = Math.max(following.position, end);
            if (last && (position == 0 || end >= position)) {
                live.add(following);
                if (position == 0) {
                    position = end;
                    next();
                }
                return CompletableFuture.completedFuture(null);
            }
        }
        return page(following.position).thenCompose(next -> catchUp(following, next, later));
    }

    private void next() {
        if (server.isClosed()) {
            return;
        }
        CompletionStage<List<StreamMessage<String, String>>> read = server.following()
                .async()
                .xread(
                        XReadArgs.Builder.block(LONGEST_WAIT).count(MOST_A_READ),
                        XReadArgs.StreamOffset.from(server.keys()[0] + "log", Position.text(position())));
        read.whenComplete((messages, failure) -> {
            if (failure != null) {
                later();
            } else if (messages.isEmpty()) {
                quiet();
            } else {
                take(messages);
            }
        });
    }

    private synchronized long position() {
        return position;
    }

    private void later() {
        Executor delayed = CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS);
        delayed.execute(this::next);
    }

    private void take(List<StreamMessage<String, String>> messages) {
        quietTail = 0;
        List<Stored> entries = new ArrayList<>(messages.size());
        try {
            for (StreamMessage<String, String> message : messages) {
                Map<String, String> fields = message.getBody();
                long before = Reply.position(text(fields, "p"));
                long expected = entries.isEmpty()
                        ? position()
                        : entries.get(entries.size() - 1).position();
                if (before != expected) {
                    give(entries);
                    missing(before, expected);
                    return;
                }
                entries.add(Entries.decode(
                        Position.parse(message.getId()),
                        text(fields, "k"),
                        text(fields, "t"),
                        text(fields, "y"),
                        text(fields, "i"),
                        text(fields, "r"),
                        text(fields, "d")));
            }
            give(entries);
            next();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "entries could not be given to those who follow", e);
            later();
        }
    }

    private static String text(Map<String, String> fields, String name) {
        return fields.getOrDefault(name, "");
    }

    private void give(List<Stored> entries) {
        if (entries.isEmpty()) {
            return;
        }
        long last = entries.get(entries.size() - 1).position();
        synchronized (this) {
            for (Following following : live) {
                List<Stored> some = entries;
                if (following.position >= entries.get(0).position()) {
                    some = entries.stream()
                            .filter(stored -> stored.position() > following.position)
                            .toList();
                }
                if (!some.isEmpty()) {
                    following.follower.entries(some);
                    following.position = last;
                }
            }
            position = last;
        }
        server.seen(last);
        pass();
    }

    private void pass() {
        while (true) {
            Waiting one;
            synchronized (this) {
                one = waiting.peek();
                if (one == null || one.position > position) {
                    return;
                }
                waiting.remove();
            }
            one.passed.complete(null);
        }
    }

    /** Nothing came for a while: is that so, or has the server lost its end? */
    private void quiet() {
        server.ask(Script.ASK, "tail").whenComplete((reply, failure) -> {
            if (failure != null) {
                later();
                return;
            }
            long tail = reply.position(0);
            if (tail < position()) {
                missing(tail, position());
            } else if (quietTail > position()) {
                missing(quietTail, position());
            } else {
                quietTail = tail;
                next();
            }
        });
    }

    /** Entries between what was given and this position are not here any more. */
    private void missing(long before, long given) {
        if (before > given) {
            resumeAt(before);
            return;
        }
        server.ask(Script.ASK, "lost", Reply.hex(given)).whenComplete((reply, failure) -> {
            if (failure != null) {
                later();
                return;
            }
            LOG.log(
                    System.Logger.Level.WARNING,
                    "Redis has lost entries between " + Position.text(before) + " and " + Position.text(given)
                            + "; streams are told log-lost");
            resumeAt(reply.position(0));
        });
    }

    private void resumeAt(long newPosition) {
        quietTail = 0;
        synchronized (this) {
            for (Following following : live) {
                following.follower.expired(newPosition);
                following.position = Math.max(following.position, newPosition);
            }
            position = newPosition;
        }
        pass();
        next();
    }

    /** Fails those who wait. */
    void close() {
        List<Waiting> left;
        synchronized (this) {
            left = new ArrayList<>(waiting);
            waiting.clear();
            live.clear();
        }
        left.forEach(one -> one.passed.completeExceptionally(Server.closedLog()));
    }
}
