package dev.fanfare.redis;

import dev.fanfare.hub.EventLog.Follower;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Stored;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Those on this node who are given every entry, and those who wait until they have been. Who begins later is first given what there is, in
 * pages, and joins where a page ends at the place of the live ones.
 */
final class Followers {

    private static final int MOST_A_PAGE = 512;

    private final Server server;
    private final Notes notes;
    private final Chain chain;
    private final List<Following> live = new ArrayList<>();
    private final PriorityQueue<Waiting> waiting = new PriorityQueue<>(Comparator.comparingLong(Waiting::position));
    /** What has been given so far; none while nobody follows. */
    private Link given = Link.NONE;

    /** Finds the notes that hold. */
    interface Notes {
        CompletionStage<List<Stored>> all();
    }

    private static final class Following {
        final Follower follower;
        Link given;

        Following(Follower follower, long after) {
            this.follower = follower;
            this.given = new Link(after, "");
        }

        void give(List<Stored> entries, Link last) {
            List<Stored> some = entries;
            if (given.position() >= entries.get(0).position()) {
                some = entries.stream()
                        .filter(stored -> stored.position() > given.position())
                        .toList();
            }
            if (!some.isEmpty()) {
                follower.entries(some);
                given = last;
            }
        }

        void lost(Link upTo) {
            if (upTo.position() > given.position()) {
                follower.lost(upTo.position());
                given = upTo;
            }
        }
    }

    private record Waiting(long position, CompletableFuture<Void> passed) {}

    Followers(Server server, Notes notes) {
        this.server = server;
        this.notes = notes;
        this.chain = new Chain(server, this);
    }

    /**
     * Completes when all who follow have been given the entries up to this position, or none of it can be any more. Fails if the server
     * loses it meanwhile; who asks later is not told: another node may have appended at the place since.
     */
    CompletableFuture<Void> passed(long upTo) {
        synchronized (this) {
            while (!waiting.isEmpty() && waiting.peek().passed.isDone()) { // its time was over
                waiting.remove();
            }
            if (given != Link.NONE && upTo > given.position()) {
                Waiting one = new Waiting(upTo, new CompletableFuture<>());
                waiting.add(one);
                return one.passed;
            }
        }
        return CompletableFuture.completedFuture(null);
    }

    synchronized void expired(long upTo) {
        if (upTo > 0) {
            live.forEach(following -> following.follower.expired(Math.min(upTo, following.given.position())));
        }
    }

    CompletableFuture<Void> follow(long after, Follower follower) {
        Following following = new Following(follower, after);
        return page(after).thenCompose(reply -> {
            Page first = new Page(reply);
            int whole = after == Position.START ? 0 : whole(following, first);
            long agedTo = reply.position(0);
            return after >= agedTo
                    ? catchUp(following, first, whole, List.of())
                    : notes.all().thenCompose(all -> catchUp(following, first, whole, upTo(agedTo, all)));
        });
    }

    private static List<Stored> upTo(long position, List<Stored> notes) {
        return notes.stream().filter(note -> note.position() <= position).toList();
    }

    private CompletableFuture<Reply> page(long after) {
        return server.ask(Script.ASK, "entries", Reply.hex(after), Integer.toString(MOST_A_PAGE));
    }

    /** Gives a page from an entry on, and the notes that retention has taken out of the stream in their places; then the next or what is new. */
    private CompletionStage<Void> catchUp(Following following, Page page, int from, List<Stored> older) {
        List<Stored> entries = new ArrayList<>(page.entries(from));
        for (Stored note : older) {
            if (note.position() > following.given.position()
                    && note.position() <= page.end().position()) {
                entries.add(note);
            }
        }
        entries.sort(Comparator.comparingLong(Stored::position));
        synchronized (this) {
            if (!entries.isEmpty()) {
                following.follower.entries(entries);
            }
            if (page.end().position() >= following.given.position()) {
                following.given = page.end();
            }
            server.seen(following.given.position());
            if (page.isLast() && (given == Link.NONE || page.end().position() >= given.position())) {
                live.add(following);
                if (given == Link.NONE) {
                    given = following.given;
                    chain.next();
                }
                return CompletableFuture.completedFuture(null);
            }
        }
        return page(following.given.position()).thenCompose(reply -> {
            Page next = new Page(reply);
            return catchUp(following, next, whole(following, next), older);
        });
    }

    /** From which entry of a page on none is missing; tells what was before. */
    private static int whole(Following following, Page page) {
        int whole = page.wholeFrom(following.given.position());
        if (whole >= 0) { // gone since the page, or the question, before
            following.lost(page.before(whole));
        }
        return Math.max(0, whole);
    }

    /** A page of entries, as {@code ask.lua} answers: how far age has come, the tail, its tag, whether it is the last, and the entries. */
    private record Page(Reply reply) {

        private static final int ENTRIES = 4;
        private static final int CARRIED = 7;

        private int size() {
            return reply.size() - ENTRIES;
        }

        boolean isLast() {
            return !reply.text(3).isEmpty();
        }

        Link end() {
            return isLast() ? new Link(reply.position(1), reply.text(2)) : link(size() - 1);
        }

        private Link link(int entry) {
            Reply parts = reply.list(ENTRIES + entry);
            return Link.of(parts.position(0), parts.text(CARRIED));
        }

        /** The place before an entry, or at the end. */
        Link before(int entry) {
            return entry == size()
                    ? end()
                    : Link.before(reply.list(ENTRIES + entry).text(CARRIED));
        }

        List<Stored> entries(int from) {
            return reply.entries(ENTRIES + from);
        }

        /** From which entry on none is missing; -1 if none is since this position. */
        int wholeFrom(long after) {
            int whole = -1;
            long before = after;
            for (int i = 0; i <= size(); i++) {
                if (i == 0 ? before(i).position() > before : before(i).position() != before) {
                    whole = i; // who asks may be at a place where no entry is
                }
                before = i == size() ? before : link(i).position();
            }
            return whole;
        }
    }

    /** Whether nothing new has come for a while. */
    boolean areQuiet() {
        return chain.isQuiet();
    }

    synchronized Link given() {
        return given;
    }

    /** Gives entries that follow on what was given. */
    void give(List<Stored> entries, Link last) {
        synchronized (this) {
            live.forEach(following -> following.give(entries, last));
            given = last;
        }
        server.seen(last.position());
        pass();
    }

    /** Nothing more comes up to this place: it was removed before it was read. */
    void removed(Link upTo) {
        synchronized (this) {
            passOver(upTo);
        }
        server.seen(upTo.position());
        pass();
    }

    private void passOver(Link upTo) {
        live.forEach(following -> following.lost(upTo));
        given = upTo;
    }

    /** As above, but the server has lost it: what was appended and has not been given has not been stored. */
    void lost(Link upTo) {
        List<Waiting> unstored = new ArrayList<>();
        synchronized (this) {
            while (!waiting.isEmpty() && waiting.peek().position <= upTo.position()) {
                unstored.add(waiting.remove());
            }
            passOver(upTo);
        }
        server.seen(upTo.position());
        unstored.forEach(one -> one.passed.completeExceptionally(server.lostEntries()));
    }

    private void pass() {
        while (true) {
            Waiting one;
            synchronized (this) {
                one = waiting.peek();
                if (one == null || one.position > given.position()) {
                    return;
                }
                waiting.remove();
            }
            one.passed.complete(null);
        }
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
