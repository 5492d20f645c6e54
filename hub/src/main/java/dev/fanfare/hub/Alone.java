package dev.fanfare.hub;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The peers of a node that has none. */
final class Alone implements Peers {

    private final Counts taken = new Counts();

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
        return CompletableFuture.completedFuture(taken.add(user, most));
    }

    @Override
    public void giveBack(String user) {
        taken.remove(user);
    }

    @Override
    public int users() {
        return taken.size();
    }

    @Override
    public void close() {}
}
