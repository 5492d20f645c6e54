package dev.fanfare.redis;

import dev.fanfare.hub.Peers;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks all nodes of a hub something, and answers what they ask, over Pub/Sub: one channel on which all hear questions, and one for
 * each node on which it hears answers. A node hears its own questions too, so the number of those who heard one is the number of
 * answers to wait for, its own echo among them.
 *
 * <p>A question is {@code <node> <number> <position>} and, on the next lines, its text; an answer {@code <node> <number>} and its text.
 */
final class Questions extends RedisPubSubAdapter<String, String> implements AutoCloseable {

    /** Questions of this node's that wait for answers, and those of others that it is answering; beyond, answers are missing. */
    private static final int MOST_AT_ONCE = 256;

    private static final int MOST_CHARS = 4 << 20;
    private static final System.Logger LOG = System.getLogger(Questions.class.getName());

    private final Server server;
    private final Followers followers;
    private final String node;
    private final Peers.Member member;
    private final IntSupplier known;
    private final String questions;
    private final StatefulRedisPubSubConnection<String, String> connection;
    private final Map<Long, Asked> asked = new ConcurrentHashMap<>();
    private final AtomicLong count = new AtomicLong();
    private final AtomicInteger answering = new AtomicInteger();

    /** A question, and what has come of it. */
    private static final class Asked {
        private final CompletableFuture<Peers.Answers> done = new CompletableFuture<>();
        private final Set<String> heardFrom = new HashSet<>();
        private final List<String> texts = new ArrayList<>();
        private int nodes = Integer.MAX_VALUE;

        synchronized void answered(String from, @Nullable String text) {
            if (heardFrom.add(from) && text != null) {
                texts.add(text);
            }
            completeIfAll();
        }

        /** So many have heard it. */
        synchronized void heardBy(int count) {
            nodes = count;
            completeIfAll();
        }

        private void completeIfAll() {
            if (heardFrom.size() >= nodes) {
                done.complete(new Peers.Answers(List.copyOf(texts), 0));
            }
        }

        /** Who has not answered by now does not; how many there are is what this node knows, if the server has not said. */
        synchronized void giveUp(String self, int known) {
            if (nodes == Integer.MAX_VALUE) {
                nodes = known;
                heardFrom.add(self);
            }
            done.complete(new Peers.Answers(List.copyOf(texts), Math.max(0, nodes - heardFrom.size())));
        }
    }

    /**
     * Connects, which blocks.
     *
     * @param known how many nodes this one knows of, itself included
     */
    Questions(Server server, Followers followers, String node, Peers.Member member, IntSupplier known) {
        this.server = server;
        this.followers = followers;
        this.node = node;
        this.member = member;
        this.known = known;
        this.questions = server.channel("questions");
        this.connection = server.subscribe(this, questions, answers(node));
    }

    private String answers(String asker) {
        return server.channel("answers:" + asker);
    }

    CompletionStage<Peers.Answers> ask(String text) {
        int least = known.getAsInt();
        if (asked.size() >= MOST_AT_ONCE) {
            return CompletableFuture.completedFuture(new Peers.Answers(List.of(), least - 1));
        }
        long number = count.incrementAndGet();
        Asked one = new Asked();
        asked.put(number, one);
        one.done.whenComplete((answers, failure) -> asked.remove(number));
        CompletableFuture.delayedExecutor(Peers.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .execute(() -> one.giveUp(node, least));
        server.publish(questions, node + " " + number + " " + Reply.hex(server.seen()) + "\n" + text)
                .whenComplete((heard, failure) -> {
                    if (failure == null) {
                        one.heardBy(Math.max((int) (long) heard, least));
                    } else {
                        one.giveUp(node, least);
                    }
                });
        return one.done;
    }

    @Override
    public void message(String channel, String message) {
        int end = message.indexOf('\n');
        String[] head = message.substring(0, Math.max(0, end)).split(" ", -1);
        String text = message.substring(end + 1);
        try {
            if (channel.equals(questions) && head.length >= 3) {
                heard(head[0], head[1], Reply.position(head[2]), text);
            } else if (head.length >= 2) {
                answered(head[0], Long.parseLong(head[1]), text);
            }
        } catch (NumberFormatException e) {
            LOG.log(System.Logger.Level.WARNING, "on channel {0} is a message that no node of this hub sends", channel);
        }
    }

    private void answered(String from, long number, @Nullable String text) {
        Asked one = asked.get(number);
        if (one != null) {
            one.answered(from, text);
        }
    }

    private void heard(String asker, String number, long position, String text) {
        if (asker.equals(node)) {
            answered(node, Long.parseLong(number), null);
            return;
        }
        if (answering.incrementAndGet() > MOST_AT_ONCE) {
            answering.decrementAndGet();
            return;
        }
        followers
                .passed(position)
                .orTimeout(Peers.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .thenCompose(passed -> member.answer(text))
                .whenComplete((answer, failure) -> {
                    answering.decrementAndGet();
                    if (failure == null && answer.length() <= MOST_CHARS) {
                        server.publish(answers(asker), node + " " + number + "\n" + answer);
                    }
                });
    }

    /** Finds a connection that is not there any more, though nobody says so: it is silent while nobody asks. To be called now and then. */
    void check() {
        connection.async().ping().whenComplete((pong, failure) -> server.lookAfter(failure));
    }

    @Override
    public void close() {
        connection.closeAsync();
        asked.values().forEach(one -> one.giveUp(node, 1));
    }
}
