package dev.fanfare.hub;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * The nodes that share a hub: how the others are, what they answer, and what only all of them together can decide. Nothing of it is
 * needed to deliver an event. Thread-safe; no method but {@link #join} and {@link #close} blocks, and what is returned never fails.
 */
public interface Peers extends AutoCloseable {

    /** For so long at most an answer is waited for. */
    Duration PATIENCE = Duration.ofSeconds(1);

    /** Of a node that has told nothing for so long, the others know no more. */
    Duration LEASE = Duration.ofSeconds(3);

    /** A node as the others see it. Its methods are called on a thread that must not be held up. */
    interface Member {
        /** How it is, numbers by name; asked about once a second. */
        Map<String, Long> figures();

        /** Answers a question of another node's; the failure of one that it does not know is an answer that is missing there. */
        CompletionStage<String> answer(String question);
    }

    /**
     * What the other nodes answered.
     *
     * @param texts their answers, in no order
     * @param missing how many of them have not answered in time
     */
    record Answers(List<String> texts, int missing) {}

    /** Of a hub that has one node. */
    static Peers none() {
        return new Alone();
    }

    /**
     * Lets the others know of this node, and blocks until they can. To be called once, before anything else.
     *
     * @throws RuntimeException that says why they cannot
     */
    void join(Member member);

    /** The figures that the other nodes told last. Whoever has told none within {@link #LEASE} is not among them. */
    List<Map<String, Long>> others();

    /**
     * Asks all other nodes. Each answers when it has been given all entries of the log that this one had seen at this call. Completes
     * when all have, after {@link #PATIENCE} at the latest.
     */
    CompletionStage<Answers> ask(String question);

    /**
     * Takes one of the places that a user has on all nodes together. Completes after {@link #PATIENCE} at the latest; while the others
     * cannot be asked, only the places taken here count.
     *
     * @param most how many places there are
     * @return whether there was one
     */
    CompletionStage<Boolean> take(String user, int most);

    /** Gives a place back. Of a user who has none it does nothing. */
    void giveBack(String user);

    /** How many users have places taken here. */
    int users();

    /** Leaves; blocks for {@link #PATIENCE} at most. */
    @Override
    void close();
}
