package dev.fanfare.redis;

import dev.fanfare.hub.Peers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The places that users have taken of this node, and that the server is told of. What is said is always how many there are, asked for
 * ones included, and goes out in the order in which it became so: so what is said last is true, whatever was refused or lost before.
 */
final class UserPlaces {

    private static final int MOST_USERS_A_CALL = 500;
    private static final String BEGIN = "begin";
    private static final String END = "end";

    private final Server server;
    private final String node;
    /** Where answers are heard: not the connection's own thread, whose commands would overtake those of others. */
    private final Executor thread;

    private final Map<String, Integer> taken = new HashMap<>();
    /** Whether all that was said has been heard. */
    private boolean heard;

    UserPlaces(Server server, String node, Executor thread) {
        this.server = server;
        this.node = node;
        this.thread = thread;
    }

    CompletionStage<Boolean> take(String user, int most) {
        CompletableFuture<Reply> said;
        synchronized (this) {
            int count = taken.getOrDefault(user, 0) + 1;
            if (count > most) {
                return CompletableFuture.completedFuture(false);
            }
            taken.put(user, count);
            said = say("", Integer.toString(most), List.of(user));
        }
        return said.copy()
                .orTimeout(Peers.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .handleAsync((reply, failure) -> isTaken(user, reply), thread)
                .exceptionally(closed -> false);
    }

    /** Who is not answered has the place: to come back after a loss must not depend on the server's being there at once. */
    private boolean isTaken(String user, @Nullable Reply reply) {
        if (reply != null && reply.number(0) == 0) {
            giveBack(user);
            return false;
        }
        heard(reply);
        return true;
    }

    synchronized void giveBack(String user) {
        Integer count = taken.get(user);
        if (count == null) {
            return;
        }
        if (count == 1) {
            taken.remove(user);
        } else {
            taken.put(user, count - 1);
        }
        say("", "", List.of(user)).whenCompleteAsync((reply, failure) -> heard(reply), thread);
    }

    private synchronized void heard(@Nullable Reply reply) {
        heard &= reply != null && reply.number(1) == 1;
    }

    synchronized int users() {
        return taken.size();
    }

    /** To be called once a second, with whether the server has them: if not, or if it may not have heard of one, it is told all. */
    void lookAfter(boolean there) {
        boolean well;
        synchronized (this) {
            well = there && heard;
        }
        if (!well) {
            sayAll();
        }
    }

    private void sayAll() {
        List<String> users;
        synchronized (this) {
            heard = true;
            users = new ArrayList<>(taken.keySet());
            say(BEGIN, "", List.of()).whenCompleteAsync((reply, failure) -> heard(reply), thread);
        }
        for (int i = 0; i < users.size(); i += MOST_USERS_A_CALL) {
            List<String> some = users.subList(i, Math.min(i + MOST_USERS_A_CALL, users.size()));
            synchronized (this) {
                say("", "", some).whenCompleteAsync((reply, failure) -> heard(reply), thread);
            }
        }
        synchronized (this) {
            say(END, "", List.of()).whenCompleteAsync((reply, failure) -> heard(reply), thread);
        }
    }

    /** Says how many places these users have taken by now; called with the lock, which keeps the order. */
    private CompletableFuture<Reply> say(String part, String most, List<String> users) {
        List<String> arguments = new ArrayList<>(4 + 2 * users.size());
        arguments.addAll(List.of(node, Long.toString(Peers.LEASE.toMillis()), part, most));
        for (String user : users) {
            arguments.add(user);
            arguments.add(Integer.toString(taken.getOrDefault(user, 0)));
        }
        return server.askInOrder(Script.PLACES, arguments.toArray(String[]::new));
    }
}
