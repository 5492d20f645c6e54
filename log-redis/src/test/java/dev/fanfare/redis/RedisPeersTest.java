package dev.fanfare.redis;

import static dev.fanfare.hub.Logs.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.Note;
import dev.fanfare.hub.Peers;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Stored;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Nodes of one hub, each with connections of its own, and what they know of one another. */
class RedisPeersTest {

    private static final Duration A_BIT_MORE_THAN_THE_LEASE = Peers.LEASE.plusSeconds(2);

    private final RedisServer redis = new RedisServer();
    private final RedisClient client = RedisClient.create(redis.uri());
    private final RedisCommands<String, String> commands = client.connect().sync();
    private final List<AutoCloseable> open = new ArrayList<>(List.of(redis, client));

    @AfterEach
    void closeAll() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    /** A node that tells of so many streams and answers questions with its name. */
    private final class Node implements Peers.Member {
        final RedisLog log;
        final Peers peers;
        final String name;
        volatile long streams;
        volatile CompletableFuture<Void> mayAnswer = CompletableFuture.completedFuture(null);

        Node(String name, long streams) {
            this(name, streams, redis.settings("hub", Duration.ofSeconds(5)));
        }

        Node(String name, long streams, RedisSettings settings) {
            this.name = name;
            this.streams = streams;
            log = RedisLog.open(settings, Retention.DEFAULT);
            peers = log.peers();
            open.add(log);
            open.add(peers);
            peers.join(this);
        }

        @Override
        public Map<String, Long> figures() {
            return Map.of("streams", streams);
        }

        @Override
        public CompletionStage<String> answer(String question) {
            return mayAnswer.thenApply(may -> name + " on " + question);
        }

        boolean takes(String user, int most) {
            return get(peers.take(user, most));
        }

        /** As kill -9 does: it says nothing more, and does not say that either. */
        void vanish() {
            log.close();
        }
    }

    private static List<Long> streams(Node node) {
        return node.peers.others().stream()
                .map(figures -> figures.get("streams"))
                .sorted()
                .toList();
    }

    @Test
    void eachIsToldHowTheOthersAreUntilTheyStopOrVanish() {
        Node a = new Node("a", 1);
        Node b = new Node("b", 20);
        Node c = new Node("c", 300);
        await().untilAsserted(() -> assertThat(streams(a)).containsExactly(20L, 300L));
        b.streams = 21;
        await().untilAsserted(() -> assertThat(streams(c)).containsExactly(1L, 21L));

        b.peers.close();
        await().atMost(Duration.ofSeconds(2)).until(() -> streams(a).equals(List.of(300L)));
        c.vanish();
        await().atMost(A_BIT_MORE_THAN_THE_LEASE).until(() -> streams(a).isEmpty());
    }

    @Test
    void aQuestionIsAnsweredByAllOthersAtOnce() {
        Node a = new Node("a", 0);
        assertThat(get(a.peers.ask("alone?"))).isEqualTo(new Peers.Answers(List.of(), 0));
        new Node("b", 0);
        new Node("c", 0);
        Peers.Answers answers = get(a.peers.ask("two\nlines"));
        assertThat(answers.texts()).containsExactlyInAnyOrder("b on two\nlines", "c on two\nlines");
        assertThat(answers.missing()).isZero();
    }

    @Test
    void whoDoesNotAnswerInTimeIsMissing() {
        Node a = new Node("a", 0);
        Node b = new Node("b", 0);
        new Node("c", 0);
        b.mayAnswer = new CompletableFuture<>();
        Peers.Answers answers = get(a.peers.ask("?"));
        assertThat(answers.texts()).containsExactly("c on ?");
        assertThat(answers.missing()).isEqualTo(1);
        b.mayAnswer = CompletableFuture.failedFuture(new IllegalArgumentException("made to fail"));
        assertThat(get(a.peers.ask("?")).missing()).isEqualTo(1);
        b.mayAnswer = CompletableFuture.completedFuture(null);
        assertThat(get(a.peers.ask("?")).texts()).hasSize(2);

        await().until(() -> streams(a).size() == 2);
        redis.kill();
        assertThat(get(a.peers.ask("?"))).isEqualTo(new Peers.Answers(List.of(), 2));
    }

    @Test
    void aQuestionIsAnsweredAfterWhatItsAskerHadSeen() {
        Node a = new Node("a", 0);
        Node b = new Node("b", 0);
        CountDownLatch letGo = new CountDownLatch(1);
        List<Stored> given = new ArrayList<>();
        get(b.log.follow(get(b.log.tail()), entries -> {
            try {
                letGo.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            given.addAll(entries);
        }));
        get(a.log.append(List.of(new Note("a/note", "x", Long.MAX_VALUE))));
        assertThat(get(a.peers.ask("?")).missing())
                .as("while it has not been given")
                .isEqualTo(1);
        CompletionStage<Integer> givenWhenAnswered = a.peers.ask("?").thenApply(answers -> given.size());
        letGo.countDown();
        assertThat(get(givenWhenAnswered)).isEqualTo(1);
    }

    @Test
    void aUserHasNoMorePlacesThanThereAreThoughAllNodesAreAskedAtOnce() {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        List<Node> nodes = List.of(new Node("a", 0), new Node("b", 0), new Node("c", 0));
        int most = 5;
        List<Node> holders = new ArrayList<>();
        for (int round = 0; round < 25; round++) {
            List<Node> asked = new ArrayList<>();
            List<CompletionStage<Boolean>> taken = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Node node = nodes.get(random.nextInt(3));
                asked.add(node);
                taken.add(node.peers.take("alice", most));
            }
            for (int i = 0; i < 8; i++) {
                if (get(taken.get(i))) {
                    holders.add(asked.get(i));
                }
            }
            assertThat(holders).as("round %d, seed %d", round, seed).hasSize(most);
            for (int back = random.nextInt(most) + 1; back > 0; back--) {
                holders.remove(random.nextInt(holders.size())).peers.giveBack("alice");
            }
            int left = holders.size();
            for (Node node : nodes) { // has said so when it is answered
                get(node.peers.take("the last to be told of", most));
                node.peers.giveBack("the last to be told of");
            }
            assertThat(taken("alice")).as("round %d, seed %d", round, seed).isEqualTo(left);
        }
        assertThat(nodes.get(0).takes("bob", most)).isTrue();
    }

    /** What Redis knows. */
    private int taken(String user) {
        return commands.keys("{hub}:places:????????????????").stream()
                .map(key -> commands.hget(key, "." + user))
                .mapToInt(count -> count == null ? 0 : Integer.parseInt(count))
                .sum();
    }

    @Test
    void thePlacesOfANodeThatVanishedAreFreeAgain() {
        Node a = new Node("a", 0);
        Node b = new Node("b", 0);
        assertThat(a.takes("alice", 2)).isTrue();
        assertThat(b.takes("alice", 2)).isTrue();
        assertThat(a.takes("alice", 2)).isFalse();
        b.vanish();
        await().atMost(A_BIT_MORE_THAN_THE_LEASE)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> a.takes("alice", 2));
        assertThat(a.takes("alice", 2)).isFalse();
    }

    @Test
    void withoutAServerEachNodeCountsByItselfAndAnEmptyOneIsToldAllAgain() {
        Node a = new Node("a", 0);
        Node b = new Node("b", 0);
        List<CompletionStage<Boolean>> taken = new ArrayList<>();
        for (int i = 0; i < 1_200; i++) {
            taken.add(a.peers.take("user " + i, 1));
        }
        assertThat(taken).allMatch(one -> get(one));
        assertThat(a.takes("alice", 2)).isTrue();
        assertThat(a.peers.users()).isEqualTo(1_201);
        await().until(() -> streams(a).size() == 1);
        redis.kill();
        await().until(() -> get(a.peers.ask("?")).missing() == 1);
        assertThat(b.takes("alice", 2)).isTrue();
        assertThat(b.takes("alice", 2)).isTrue();
        assertThat(b.takes("alice", 2)).isFalse();
        a.peers.giveBack("user 7");
        redis.startAgain();

        await().ignoreExceptions().untilAsserted(() -> {
            assertThat(taken("alice")).isEqualTo(3);
            assertThat(taken("user 1199")).isEqualTo(1);
        });
        assertThat(taken("user 7")).isZero();
        assertThat(a.takes("alice", 3)).isFalse();
        assertThat(b.takes("user 3", 1)).isFalse();
        assertThat(b.takes("user 7", 1)).isTrue();
        await().until(() -> streams(a).size() == 1);
        assertThat(get(a.peers.ask("?")).texts()).containsExactly("b on ?");
    }

    @Test
    void aNodeWhoseQuestionsNobodyHearsAnyMoreFindsItOut() {
        try (TcpProxy proxy = new TcpProxy(redis.port())) {
            Node a = new Node("a", 0);
            new Node("b", 0, RedisSettings.of(proxy.uri()).withHub("hub").withTimeout(Duration.ofSeconds(1)));
            await().until(() -> get(a.peers.ask("?")).texts().equals(List.of("b on ?")));
            proxy.forgetSubscriptions();
            assertThat(get(a.peers.ask("?")).missing()).isEqualTo(1);
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> get(a.peers.ask("?")).texts().equals(List.of("b on ?")));
        }
    }

    @Test
    void aServerThatHasForgottenItsScriptsIsToldOfPlacesAgain() {
        Node a = new Node("a", 0);
        Node b = new Node("b", 0);
        redis.command("SCRIPT", "FLUSH");
        assertThat(a.takes("alice", 1)).isTrue();
        await().until(() -> taken("alice") == 1);
        assertThat(b.takes("alice", 1)).isFalse();
        a.peers.giveBack("alice");
        await().until(() -> b.takes("alice", 1));
    }

    @Test
    void nothingIsLeftOfNodesThatAreGone() {
        Node a = new Node("a", 0);
        Node b = new Node("b", 0);
        assertThat(a.takes("alice", 2)).isTrue();
        assertThat(b.takes("alice", 2)).isTrue();
        a.peers.close();
        b.vanish();
        await().atMost(A_BIT_MORE_THAN_THE_LEASE)
                .until(() -> commands.keys("{hub}:*").stream()
                        .noneMatch(key -> key.matches("\\{hub}:(nodes|figures|places:.*)")));
    }
}
