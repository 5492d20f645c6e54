package dev.fanfare.redis;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.Entry;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Gap;
import dev.fanfare.hub.IngressCounts;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Peers;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Selector;
import dev.fanfare.hub.Stored;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A log in Redis or Valkey, which many nodes share. What it acknowledged is as durable as that server's persistence makes it; what it had
 * given out and then lost, it says: clients that had seen more get {@code log-lost}.
 *
 * <p>While the server is away, appends and reads fail with {@link AppendRefused.Reason#UNAVAILABLE}, and followers wait. An append that
 * failed so may have been stored; repeated with its key it publishes nothing twice. Retention is applied in the background, by one node
 * at a time. Stages complete on threads of the connections, which must not be held up.
 */
public final class RedisLog implements EventLog {

    private static final long QUARTER_MILLIS = 250;
    private static final int NOTES_A_PAGE = 1_000;
    private static final String FROM_THE_END = "+";

    /** Parts of what {@code read.lua} answers. */
    private static final int SCANNED_TO = 3;

    private static final int UNFOUND = 6;

    private final Server server;
    private final Followers followers;
    private final Appends appends;
    private final Retire retire;
    private final LongAdder read = new LongAdder();
    private final ScheduledExecutorService own =
            Executors.newSingleThreadScheduledExecutor(Server.daemon("fanfare-log"));
    private volatile @Nullable CompletableFuture<Void> pass;
    private @Nullable Ingress ingress;

    private RedisLog(Server server, Retention retention) {
        this.server = server;
        this.followers = new Followers(server, () -> notes(""));
        this.appends = new Appends(server, followers, retention, own);
        this.retire = new Retire(server, followers, retention, appends.node());
        own.scheduleWithFixedDelay(this::quarter, QUARTER_MILLIS, QUARTER_MILLIS, TimeUnit.MILLISECONDS);
    }

    /**
     * Opens a hub's log, and makes it if it is not there. Blocks until the server has answered. Positions are of the server's time.
     *
     * @throws RedisLogException if the server cannot be reached or cannot hold a hub
     */
    public static RedisLog open(RedisSettings settings, Retention retention) {
        return open(settings, retention, null);
    }

    /** As above, with positions of this clock's time. */
    public static RedisLog open(RedisSettings settings, Retention retention, @Nullable InstantSource clock) {
        Server server = new Server(settings, clock);
        RedisLog log = new RedisLog(server, retention);
        try {
            log.tail().toCompletableFuture().join(); // makes the hub, or finds that its format is another
            return log;
        } catch (RuntimeException e) {
            log.close();
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new RedisLogException(String.valueOf(cause.getMessage()), cause);
        }
    }

    /** The nodes that share this log, of which this process is one; to be closed before the log. */
    public Peers peers() {
        return new RedisPeers(server, followers, appends.node());
    }

    /**
     * Brings in what services publish to these channels of the server's Pub/Sub, from now on until the log is closed, while no other node
     * of the hub does. Asked for once.
     *
     * @param mostBytes of messages that may wait for the log; what comes beyond is dropped
     * @param mapping makes them events
     * @param counts is told what becomes of each
     */
    public synchronized Ingress ingress(
            Set<String> channels, long mostBytes, Ingress.Mapping mapping, IngressCounts counts) {
        if (ingress != null) {
            throw new IllegalStateException("there is an ingress");
        }
        ingress = new Ingress(server, appends, channels, mostBytes, mapping, counts);
        return ingress;
    }

    /** What is to be done every quarter of a second. */
    private void quarter() {
        appends.expire();
        CompletableFuture<Void> last = pass;
        if (last == null || last.isDone()) {
            pass = retire.pass();
        }
    }

    /** Applies retention now, and blocks until it is done: for those who cannot wait a quarter of a second for the background. */
    public void retain() {
        retire.pass().join();
    }

    @Override
    public CompletionStage<long[]> append(List<? extends Entry> entries) {
        return server.isClosed() ? CompletableFuture.failedFuture(Server.closedLog()) : appends.append(entries);
    }

    @Override
    public CompletionStage<Page> read(Reading reading) {
        return read(reading, "", "")
                .thenCompose(reply -> reply.text(UNFOUND).isEmpty()
                        ? CompletableFuture.completedFuture(reply)
                        : newest(reading, reply))
                .thenApply(this::page);
    }

    /** Finds the newest of each topic where that is too much for one call, and reads them. */
    private CompletionStage<Reply> newest(Reading reading, Reply reply) {
        CompletionStage<List<String>> newest = CompletableFuture.completedFuture(new ArrayList<>());
        for (String topic : reply.text(UNFOUND).lines().toList()) {
            Selection of = new Selection(
                    List.of(Selector.of(topic)), reading.selection().types());
            newest = newest.thenCompose(found -> before(of, 1).thenApply(before -> {
                found.add(topic);
                found.add(before == Position.START ? "" : Reply.hex(before + 1));
                return found;
            }));
        }
        return newest.thenCompose(found -> read(reading, String.join("\n", found), reply.text(SCANNED_TO)));
    }

    private CompletionStage<Reply> read(Reading reading, String newest, String tail) {
        return server.ask(
                Script.READ,
                selectors(reading.selection()),
                types(reading.selection()),
                Reply.hex(reading.after()),
                Reply.hex(reading.broadcastsAfter()),
                Integer.toString(reading.events()),
                Integer.toString(reading.bytes()),
                reading.newest() ? "1" : "",
                reading.judged() == Reading.NO_GAP ? "all" : Long.toString(reading.judged()),
                newest,
                tail);
    }

    private Page page(Reply reply) {
        Gap gap = null;
        if (!reply.text(0).isEmpty()) {
            List<Selector> missing = reply.text(1).lines().map(Selector::of).toList();
            gap = new Gap(Gap.Reason.valueOf(reply.text(0)), missing);
        }
        List<Stored> entries = reply.entries(UNFOUND + 1);
        read.add(entries.size());
        return new Page(
                entries, reply.position(SCANNED_TO), reply.number(4) == 1, gap, reply.number(2), reply.number(5));
    }

    private static String selectors(Selection selection) {
        return selection.selectors().stream().map(Selector::toString).collect(Collectors.joining("\n"));
    }

    private static String types(Selection selection) {
        return String.join("\n", selection.types());
    }

    private CompletableFuture<Reply> ask(String question, String... more) {
        List<String> arguments = new ArrayList<>();
        arguments.add(question);
        arguments.addAll(List.of(more));
        return server.ask(Script.ASK, arguments.toArray(String[]::new));
    }

    @Override
    public CompletionStage<Long> tail() {
        return ask("tail").thenApply(reply -> reply.position(0));
    }

    @Override
    public CompletionStage<Long> before(Selection selection, int events) {
        return before(selection, events, FROM_THE_END);
    }

    private CompletionStage<Long> before(Selection selection, long events, String from) {
        return ask("before", selectors(selection), types(selection), Long.toString(events), from)
                .thenCompose(reply -> reply.text(2).isEmpty()
                        ? CompletableFuture.completedFuture(reply.position(0))
                        : before(selection, reply.number(1), reply.text(2)));
    }

    @Override
    public CompletionStage<Optional<Long>> find(Selection selection, String id) {
        return ask("find", selectors(selection), Entries.chosenId(id))
                .thenApply(reply ->
                        reply.position(0) == Position.START ? Optional.empty() : Optional.of(reply.position(0)));
    }

    @Override
    public CompletionStage<Long> ended(Selection selection) {
        return ask("ended", selectors(selection)).thenApply(reply -> reply.position(0));
    }

    @Override
    public CompletionStage<List<TopicSummary>> topics(String prefix, String after, int limit) {
        String from = prefix.compareTo(after) > 0 ? "[" + prefix : after.isEmpty() ? "-" : "(" + after;
        return topics(prefix, from, limit, new ArrayList<>());
    }

    private CompletionStage<List<TopicSummary>> topics(
            String prefix, String from, int limit, List<TopicSummary> topics) {
        return ask("topics", prefix, from, Integer.toString(limit - topics.size()))
                .thenCompose(reply -> {
                    for (int i = 1; i < reply.size(); i++) {
                        Reply topic = reply.list(i);
                        topics.add(new TopicSummary(topic.text(0), topic.position(1), topic.number(2)));
                    }
                    return reply.text(0).isEmpty() || topics.size() == limit
                            ? CompletableFuture.completedFuture(topics)
                            : topics(prefix, "(" + reply.text(0), limit, topics);
                });
    }

    @Override
    public CompletionStage<List<Stored>> notes(String prefix) {
        return notes(prefix, "", new ArrayList<>());
    }

    private CompletionStage<List<Stored>> notes(String prefix, String after, List<Stored> found) {
        return ask("notes", prefix, after, Integer.toString(NOTES_A_PAGE)).thenCompose(reply -> {
            found.addAll(reply.entries(1));
            if (!reply.text(0).isEmpty()) {
                return notes(prefix, reply.text(0), found);
            }
            found.sort(Comparator.comparingLong(Stored::position));
            return CompletableFuture.completedFuture(found);
        });
    }

    @Override
    public CompletionStage<Size> size() {
        return ask("size")
                .thenApply(reply -> new Size(
                        reply.number(0),
                        reply.number(1),
                        reply.number(2),
                        reply.number(3),
                        reply.position(4),
                        read.sum()));
    }

    @Override
    public CompletionStage<Void> follow(long after, Follower follower) {
        return followers.follow(after, follower);
    }

    @Override
    public CompletionStage<Long> recent(long bytes) {
        return recent(bytes, FROM_THE_END);
    }

    private CompletionStage<Long> recent(long bytes, String from) {
        return ask("recent", Long.toString(bytes), from)
                .thenCompose(reply -> reply.text(2).isEmpty()
                        ? CompletableFuture.completedFuture(reply.position(0))
                        : recent(reply.number(1), reply.text(2)));
    }

    @Override
    public synchronized void close() {
        if (server.isClosed()) {
            return;
        }
        if (ingress != null) {
            ingress.close();
        }
        appends.close();
        own.shutdown();
        server.close();
        followers.close();
    }
}
