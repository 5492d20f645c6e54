package dev.fanfare.hub;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** The peers of a node that has none. */
final class Alone implements Peers {

    private final Map<String, Integer> taken = new ConcurrentHashMap<>();

    @Override
    public void join(Member member) {}

    @Override
    public List<Map<String, Long>> others() {
        return List.of();
    }

    @Override
    public CompletionStage<Answers> ask(String question) {
        return CompletableFuture.completedFuture(new Answers(List.of(), 0));
    }

    @Override
    public CompletionStage<Boolean> take(String user, int most) {
        boolean[] found = new boolean[1];
        taken.compute(user, (key, count) -> {
            int before = count == null ? 0 : count;
            found[0] = before < most;
            return found[0] ? (Integer) (before + 1) : count;
        });
        return CompletableFuture.completedFuture(found[0]);
    }

    @Override
    public void giveBack(String user) {
        taken.computeIfPresent(user, (key, count) -> count == 1 ? null : (Integer) (count - 1));
    }

    @Override
    public int users() {
        return taken.size();
    }

    @Override
    public void close() {}
}
