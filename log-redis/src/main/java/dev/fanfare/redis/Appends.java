package dev.fanfare.redis;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.Entry;
import dev.fanfare.hub.Notes;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.TopicEnded;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.ScriptOutputType;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What this node appends, in the order it came: up to {@value #MOST_CALLS} calls of the script under way at once, and what comes
 * meanwhile gathers for the next. Each call has a number of this node's, and the server keeps the answer to it, so a call that is repeated
 * because its answer was lost gets that answer and appends nothing.
 *
 * <p>When the connection is lost, so are the answers to all calls under way: once it is back they are made again, in order and before any
 * other. While it is away nothing new is taken.
 *
 * <p>One thread sends, and none of the driver's: what such a thread writes overtakes what others have handed to it.
 */
final class Appends implements RedisConnectionStateListener {

    private static final int MOST_CALLS = 16;
    private static final int MOST_APPENDS_A_CALL = 256;
    private static final int MOST_ENTRIES_A_CALL = 256;
    private static final long MOST_BYTES_A_CALL = 1L << 20;
    private static final long MOST_BYTES_WAITING = 64L << 20;
    private static final int DIGITS = 16;

    private final Server server;
    private final Followers followers;
    private final Executor sender;
    private final String[] bounds;
    private final String node;
    private final long timeoutNanos;
    private final Deque<Append> waiting = new ArrayDeque<>();
    private final Deque<Call> underWay = new ArrayDeque<>();
    private long bytesWaiting;
    private long calls;
    private boolean connected = true;
    /** Counts connections: what comes from an earlier one is no answer any more. */
    private int connection;
    /** How many of those under way have no answer yet on this connection. */
    private int unanswered;
    /** Whether those under way have to be sent again, once the others have their answers. */
    private boolean toRepeat;

    /** Whether the sender is to look. */
    private boolean woken;

    private boolean closed;

    /** Entries that are to be appended, all or none. */
    private static final class Append {
        final List<? extends Entry> entries;
        final String lease;
        final CompletableFuture<long[]> done = new CompletableFuture<>();
        final long bytes;
        final long deadline;

        Append(List<? extends Entry> entries, String lease, long deadline) {
            this.entries = entries;
            this.lease = lease;
            this.deadline = deadline;
            long sum = 0;
            for (int i = 0; i < entries.size(); i++) {
                sum += Entries.weight(entries.get(i));
            }
            this.bytes = sum;
        }
    }

    /** Some of them in one run of the script. */
    private record Call(List<Append> appends, String[] arguments, long deadline) {}

    /**
     * Those to a server.
     *
     * @param sender one thread
     */
    Appends(Server server, Followers followers, Retention retention, Executor sender) {
        this.server = server;
        this.followers = followers;
        this.sender = sender;
        this.timeoutNanos = server.settings().timeout().toNanos();
        this.node = Reply.hex(ThreadLocalRandom.current().nextLong());
        this.bounds = new String[] {
            Long.toString(retention.eventsPerTopic()),
            Long.toString(retention.topics()),
            Long.toString(Retire.millis(retention.idempotency())),
            Integer.toString(Notes.MOST),
            Integer.toString(Notes.MOST_ENDING)
        };
        server.appending().addListener(this);
    }

    String node() {
        return node;
    }

    CompletionStage<long[]> append(List<? extends Entry> entries) {
        return append(entries, "");
    }

    /** Appends as long as this lease of the ingress is the last one that was given; fails with {@link LeaseLost} after. */
    CompletionStage<long[]> append(List<? extends Entry> entries, String lease) {
        if (entries.isEmpty()) {
            return CompletableFuture.completedFuture(new long[0]);
        }
        Append append = new Append(entries, lease, System.nanoTime() + timeoutNanos);
        synchronized (this) {
            if (closed) {
                return CompletableFuture.failedFuture(Server.closedLog());
            }
            if (!connected) {
                return CompletableFuture.failedFuture(
                        new AppendRefused(AppendRefused.Reason.UNAVAILABLE, server + " is away; try again"));
            }
            if (bytesWaiting + append.bytes > MOST_BYTES_WAITING) {
                return CompletableFuture.failedFuture(new AppendRefused(
                        AppendRefused.Reason.UNAVAILABLE,
                        server + " does not keep up with what is published; try again"));
            }
            bytesWaiting += append.bytes;
            waiting.add(append);
            wake();
        }
        return append.done;
    }

    @Override
    public synchronized void onRedisConnected(RedisChannelHandler<?, ?> handler, SocketAddress address) {
        connected = true;
        toRepeat = true;
        wake();
    }

    @Override
    public synchronized void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
        giveConnectionUp();
    }

    private void giveConnectionUp() {
        connected = false;
        connection++;
        unanswered = 0;
    }

    private void wake() {
        if (!woken && !closed) {
            woken = true;
            sender.execute(this::send);
        }
    }

    private synchronized void send() {
        woken = false;
        if (connected && toRepeat && unanswered == 0) {
            repeat();
        }
        // while some are to be repeated, nothing may overtake them
        while (connected && unanswered == underWay.size() && underWay.size() < MOST_CALLS && !waiting.isEmpty()) {
            Call call = gather();
            underWay.add(call);
            send(call);
        }
    }

    /** The server may not know the script, or another server is the master now, which may have to be told how far this node has seen. */
    private void repeat() {
        toRepeat = false;
        server.appending().async().scriptLoad(Script.APPEND.source());
        for (Call call : List.copyOf(underWay)) {
            List<String> first = server.arguments();
            for (int i = 0; i < first.size(); i++) {
                call.arguments[i] = first.get(i);
            }
            send(call);
        }
    }

    private Call gather() {
        List<Append> appends = new ArrayList<>();
        List<String> arguments = server.arguments();
        long number = calls++;
        arguments.add(node);
        arguments.add(Long.toString(number));
        arguments.add(Long.toString(number % MOST_CALLS));
        arguments.add(
                HexFormat.of().toHexDigits((short) ThreadLocalRandom.current().nextInt(1, 1 << 16)));
        arguments.addAll(List.of(bounds));
        int count = arguments.size();
        arguments.add("");
        long bytes = 0;
        int entries = 0;
        while (!waiting.isEmpty()
                && appends.size() < MOST_APPENDS_A_CALL
                && entries < MOST_ENTRIES_A_CALL
                && bytes < MOST_BYTES_A_CALL) {
            Append append = waiting.remove();
            appends.add(append);
            bytes += append.bytes;
            entries += append.entries.size();
            arguments.add(Integer.toString(append.entries.size()));
            arguments.add(append.lease);
            for (int i = 0; i < append.entries.size(); i++) {
                Entries.addTo(arguments, append.entries.get(i));
            }
        }
        bytesWaiting -= bytes;
        arguments.set(count, Integer.toString(appends.size()));
        return new Call(appends, arguments.toArray(String[]::new), System.nanoTime() + timeoutNanos);
    }

    private void send(Call call) {
        unanswered++;
        int sentOn = connection;
        CompletionStage<List<Object>> reply = server.appending()
                .async()
                .evalsha(Script.APPEND.digest(), ScriptOutputType.MULTI, server.keys(), call.arguments);
        reply.whenComplete((parts, failure) -> answered(call, sentOn, parts, failure));
    }

    private void answered(Call call, int sentOn, @Nullable List<Object> parts, @Nullable Throwable failure) {
        boolean isAnswer = failure == null || failure instanceof RedisCommandExecutionException;
        synchronized (this) {
            if (sentOn != connection) {
                return;
            }
            unanswered--;
            if (!isAnswer) {
                return; // the connection is about to be lost, or the call's time is over
            }
            boolean again = Server.isNoScript(failure) && !server.isClosed();
            toRepeat |= again;
            if (!again) {
                underWay.remove(call);
            }
            if (toRepeat || !waiting.isEmpty()) {
                wake();
            }
            if (again) {
                return;
            }
        }
        if (failure == null && parts != null) {
            give(call, new Reply(parts));
        } else {
            if (Server.isReadOnly(failure)) {
                server.renew();
            }
            fail(call.appends, server.refused(failure));
        }
    }

    /** Fails those whose time is over. To be called several times a second. */
    void expire() {
        long now = System.nanoTime();
        List<Append> late = new ArrayList<>();
        synchronized (this) {
            while (!underWay.isEmpty() && underWay.peek().deadline - now <= 0) {
                late.addAll(underWay.remove().appends);
            }
            if (!late.isEmpty() && connected && server.renew()) { // it stands still: nothing is to pile up before it
                giveConnectionUp();
            }
            while (!waiting.isEmpty() && (!connected || waiting.peek().deadline - now <= 0)) {
                Append append = waiting.remove();
                bytesWaiting -= append.bytes;
                late.add(append);
            }
        }
        if (!late.isEmpty()) {
            fail(late, server.refused(null));
        }
    }

    /** Elsewhere: this may be within an append that came with a lock held. */
    private static void fail(List<Append> appends, AppendRefused refused) {
        CompletableFuture.runAsync(() -> appends.forEach(append -> append.done.completeExceptionally(refused)));
    }

    private void give(Call call, Reply reply) {
        long newest = 0;
        List<long[]> positions = new ArrayList<>(call.appends.size());
        for (int i = 0; i < call.appends.size(); i++) {
            String text = reply.text(i);
            long[] of = new long[text.startsWith("!") ? 0 : text.length() / DIGITS];
            for (int j = 0; j < of.length; j++) {
                of[j] = Reply.position(text.substring(j * DIGITS, (j + 1) * DIGITS));
                newest = Math.max(newest, of[j]);
            }
            positions.add(of);
        }
        server.seen(newest);
        followers
                .passed(newest)
                .orTimeout(server.settings().timeout().toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete((passed, failure) -> {
                    if (failure != null
                            && followers.areQuiet()) { // appended here, not to be read there: not the same server
                        server.renew();
                    }
                    for (int i = 0; i < call.appends.size(); i++) {
                        Append append = call.appends.get(i);
                        String text = reply.text(i);
                        if (text.startsWith("!")) {
                            append.done.completeExceptionally(refused(append.entries, text));
                        } else if (failure != null) {
                            append.done.completeExceptionally(server.refused(failure));
                        } else {
                            append.done.complete(positions.get(i));
                        }
                    }
                });
    }

    /** What the script's reasons mean: {@code !E2,1} is that the second entry's first topic has ended. */
    private static RuntimeException refused(List<? extends Entry> entries, String text) {
        String[] numbers = text.substring(2).split(",", -1);
        long number = Long.parseLong(numbers[0]);
        return switch (text.charAt(1)) {
            case 'T' -> AppendRefused.tooManyTopics(number);
            case 'N' -> AppendRefused.tooManyNotes(number);
            case 'F' -> new LeaseLost();
            case 'E' ->
                AppendRefused.ended(publication(entries, number).topics().get(Integer.parseInt(numbers[1]) - 1));
            case 'K' -> {
                Publication publication = publication(entries, number);
                yield AppendRefused.keyConflict(String.valueOf(publication.key()), publication.topic());
            }
            default -> throw new IllegalStateException("the append was refused for " + text + ", which is not known");
        };
    }

    private static Publication publication(List<? extends Entry> entries, long number) {
        Entry entry = entries.get((int) number - 1);
        if (entry instanceof Publication publication) {
            return publication;
        }
        throw new IllegalStateException("refused: " + (entry instanceof TopicEnded ? "an end" : "a fact"));
    }

    /** Fails what waits. */
    void close() {
        List<Append> left;
        synchronized (this) {
            closed = true;
            left = new ArrayList<>(waiting);
            waiting.clear();
            underWay.forEach(call -> left.addAll(call.appends));
        }
        left.forEach(append -> append.done.completeExceptionally(Server.closedLog()));
    }
}
