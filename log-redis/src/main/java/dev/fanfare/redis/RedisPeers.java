package dev.fanfare.redis;

import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.joining;

import dev.fanfare.hub.Peers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The nodes that share a hub in Redis. Each says once a second that it is here, and how it is, and is told of the others; who has not
 * said so for {@link Peers#LEASE} is gone, and so are the places that its users had.
 */
final class RedisPeers implements Peers {

    private static final long BEAT_MILLIS = 1_000;
    private static final String HERE = "here";
    private static final String GONE = "";

    private final Server server;
    private final Followers followers;
    private final String node;
    private final ScheduledExecutorService thread =
            Executors.newSingleThreadScheduledExecutor(Server.daemon("fanfare-peers"));
    private final UserPlaces places;
    private @Nullable Member member;
    private @Nullable Questions questions;
    private volatile List<Map<String, Long>> told = List.of();
    private volatile long toldAt = System.nanoTime();
    private boolean beating;
    /** How many beats in a row were answered. */
    private int answered;

    RedisPeers(Server server, Followers followers, String node) {
        this.server = server;
        this.followers = followers;
        this.node = node;
        this.places = new UserPlaces(server, node, thread);
    }

    @Override
    public void join(Member joining) {
        member = joining;
        questions = new Questions(server, followers, node, joining, () -> told.size() + 1);
        try {
            CompletionStage<Reply> first = server.ask(Script.BEAT, arguments(joining.figures()));
            heard(first.toCompletableFuture().join());
        } catch (CompletionException e) {
            throw new RedisLogException(String.valueOf(server.refused(e).getMessage()), e);
        }
        thread.scheduleWithFixedDelay(this::beat, BEAT_MILLIS, BEAT_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** On the thread of the peers. An answer that is late is waited for: nothing piles up. */
    private void beat() {
        if (beating) {
            return;
        }
        beating = true;
        requireNonNull(questions).check();
        server.ask(Script.BEAT, arguments(requireNonNull(member).figures()))
                .whenCompleteAsync(
                        (reply, failure) -> {
                            beating = false;
                            if (reply != null) {
                                heard(reply);
                            } else {
                                answered = 0;
                            }
                        },
                        thread);
    }

    private void heard(Reply reply) {
        answered = reply.number(1) == 1 ? 0 : answered + 1;
        places.lookAfter(reply.number(0) == 1);
        List<Map<String, Long>> others = new ArrayList<>();
        for (int i = 2; i < reply.size(); i++) {
            others.add(figures(reply.text(i)));
        }
        told = List.copyOf(others);
        toldAt = System.nanoTime();
    }

    private String[] arguments(Map<String, Long> figures) {
        String text = figures.entrySet().stream()
                .map(figure -> " " + figure.getKey() + "=" + figure.getValue())
                .collect(joining("", HERE, ""));
        return arguments(text);
    }

    private String[] arguments(String text) {
        String steady = answered * BEAT_MILLIS > LEASE.toMillis() ? "1" : "";
        return new String[] {node, Long.toString(LEASE.toMillis()), text, steady};
    }

    /** What is no number is of a version that is not known here. */
    private static Map<String, Long> figures(String text) {
        Map<String, Long> figures = new LinkedHashMap<>();
        for (String figure : text.split(" ", -1)) {
            String[] parts = figure.split("=", -1);
            if (parts.length == 2 && parts[1].matches("-?\\d{1,18}")) {
                figures.put(parts[0], Long.valueOf(parts[1]));
            }
        }
        return figures;
    }

    @Override
    public List<Map<String, Long>> others() {
        return System.nanoTime() - toldAt < LEASE.toNanos() ? told : List.of();
    }

    @Override
    public CompletionStage<Answers> ask(String question) {
        return requireNonNull(questions, "a node joins before it asks").ask(question);
    }

    @Override
    public CompletionStage<Boolean> take(String user, int most) {
        return places.take(user, most);
    }

    @Override
    public void giveBack(String user) {
        places.giveBack(user);
    }

    @Override
    public int users() {
        return places.users();
    }

    @Override
    public void close() {
        thread.shutdown();
        if (questions != null) {
            questions.close();
        }
        server.ask(Script.BEAT, arguments(GONE))
                .handle((reply, failure) -> null)
                .completeOnTimeout(null, PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }
}
