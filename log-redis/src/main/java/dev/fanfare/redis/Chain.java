package dev.fanfare.redis;

import dev.fanfare.hub.Position;
import dev.fanfare.hub.Stored;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XReadArgs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * The entries as they come: one blocking read of this node waits for new ones. Each carries the place before it; where that is not the
 * one given last, entries are missing: those before it were removed before this node had read them, or the server has lost them.
 */
final class Chain {

    /** Entries of one read, at first and within bounds; what matters is how many bytes they are. */
    private static final int FIRST_A_READ = 64;

    private static final int LEAST_A_READ = 4;
    private static final int MOST_A_READ = 512;
    private static final long BYTES_A_READ = 4L << 20;
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);
    private static final long RETRY_MILLIS = 100;
    private static final System.Logger LOG = System.getLogger(Chain.class.getName());

    private final Server server;
    private final Followers followers;
    private final Duration wait;
    /** The tail when the last read had nothing new; none if it had. */
    private volatile Link quietTail = Link.NONE;

    private boolean away;
    private int most = FIRST_A_READ;

    Chain(Server server, Followers followers) {
        this.server = server;
        this.followers = followers;
        Duration half = server.settings().timeout().dividedBy(2);
        this.wait = half.compareTo(LONGEST_WAIT) < 0 ? half : LONGEST_WAIT;
    }

    boolean isQuiet() {
        return quietTail != Link.NONE;
    }

    /** Waits for what comes after what was given; again and again, until the log is closed. */
    void next() {
        if (server.isClosed()) {
            return;
        }
        CompletionStage<List<StreamMessage<String, String>>> read = server.following()
                .async()
                .xread(
                        XReadArgs.Builder.block(wait).count(most),
                        XReadArgs.StreamOffset.from(
                                server.keys()[0] + "log",
                                Position.text(followers.given().position())));
        read.whenComplete((messages, failure) -> safely(() -> {
            if (failure != null) {
                failed(failure);
            } else if (messages.isEmpty()) {
                quiet();
            } else {
                take(messages);
            }
        }));
    }

    /** Whatever a follower throws, what comes next is read. */
    private void safely(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "entries could not be given to those who follow", e);
            later();
        }
    }

    private void failed(Throwable failure) {
        if (!away && !server.isClosed()) {
            away = true;
            LOG.log(
                    System.Logger.Level.WARNING,
                    server + " does not answer (" + server.reason(failure)
                            + "); streams stay open, and publishing is refused until it does");
        }
        most = LEAST_A_READ; // whatever has come meanwhile
        server.lookAfter(failure);
        later();
    }

    private void later() {
        CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS).execute(this::next);
    }

    private void isThere() {
        if (away) {
            away = false;
            LOG.log(System.Logger.Level.INFO, server + " answers again");
        }
    }

    private void take(List<StreamMessage<String, String>> messages) {
        isThere();
        quietTail = Link.NONE;
        Link last = followers.given();
        List<Stored> entries = new ArrayList<>(messages.size());
        long bytes = 0;
        for (StreamMessage<String, String> message : messages) {
            Map<String, String> fields = message.getBody();
            String carried = text(fields, "p");
            Link before = Link.before(carried);
            if (!before.equals(last)) {
                give(entries, last);
                missing(before, last);
                return;
            }
            long position = Position.parse(message.getId());
            String data = text(fields, "d");
            bytes += data.length();
            entries.add(Entries.decode(
                    position,
                    text(fields, "k"),
                    text(fields, "t"),
                    text(fields, "y"),
                    text(fields, "i"),
                    text(fields, "r"),
                    data));
            last = Link.of(position, carried);
        }
        most = (int) Math.max(LEAST_A_READ, Math.min(MOST_A_READ, BYTES_A_READ * entries.size() / Math.max(1, bytes)));
        give(entries, last);
        next();
    }

    private static String text(Map<String, String> fields, String name) {
        return fields.getOrDefault(name, "");
    }

    private void give(List<Stored> entries, Link last) {
        if (!entries.isEmpty()) {
            followers.give(entries, last);
        }
    }

    /** Nothing came for a while: is that so, or has the server lost its end? */
    private void quiet() {
        server.ask(Script.ASK, "tail")
                .whenComplete((reply, failure) -> safely(() -> {
                    if (failure != null) {
                        later(); // the next read fails too, and says so
                        return;
                    }
                    isThere();
                    Link tail = new Link(reply.position(0), reply.text(1));
                    Link given = followers.given();
                    if (tail.position() <= given.position() && !tail.equals(given)) {
                        missing(tail, given);
                    } else if (quietTail.position()
                            > given.position()) { // what this node waited for has gone meanwhile
                        missing(quietTail, given);
                    } else {
                        quietTail = tail;
                        next();
                    }
                }));
    }

    /** What comes next does not follow on what was given, but on another place. */
    private void missing(Link before, Link given) {
        if (before.position() > given.position()) {
            resumeAt(before);
            return;
        }
        server.ask(Script.ASK, "lost", Reply.hex(given.position()))
                .whenComplete((reply, failure) -> safely(() -> {
                    if (failure != null) {
                        later(); // the next read fails too, and says so
                        return;
                    }
                    LOG.log(
                            System.Logger.Level.WARNING,
                            server + " has lost entries up to " + Position.text(given.position())
                                    + "; streams are told log-lost");
                    resumeAt(Link.birth(reply.position(0)));
                }));
    }

    private void resumeAt(Link place) {
        quietTail = Link.NONE;
        if (place.isBirth()) {
            followers.lost(place);
        } else {
            followers.removed(place);
        }
        next();
    }
}
