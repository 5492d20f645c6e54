package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.stream.Event;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The books of many clients, kept while their sinks stall and their streams are cut and resumed by the last id: at the end each has
 * every event of its selection once and in order, or was told of a gap where it has not.
 */
class AccountingTest {
    private static final boolean LONG = Boolean.getBoolean("fanfare.long");
    private static final Duration TIME = Duration.ofMillis(LONG ? 15_000 : 1_300);
    private static final int LOOPS = 3;
    private static final int CLIENTS = LONG ? 150 : 90;
    private static final int PUBLISHERS = 4;

    /** What was published: where, and at which position. */
    private record Published(long position, Publication publication) {}

    private final ConcurrentLinkedQueue<Published> published = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    private final List<ScheduledExecutorService> threads = new ArrayList<>();
    private final List<Loop> loops = new ArrayList<>();

    @ParameterizedTest(name = "log answers late: {0}, retention is short: {1}")
    @CsvSource({"false, false", "true, false", "false, true", "true, true"})
    void everyClientHasEachEventOnceOrWasToldOfAGap(boolean late, boolean shortRetention) throws Exception {
        long seed = System.nanoTime();
        System.out.printf("AccountingTest late=%s short=%s seed %d%n", late, shortRetention, seed);
        Random random = new Random(seed);
        Retention retention = shortRetention
                ? new Retention(Duration.ofHours(1), 200_000, 150, false, 10_000, Duration.ZERO)
                : new Retention(Duration.ofHours(1), 1L << 30, Long.MAX_VALUE, false, 10_000, Duration.ZERO);
        EventLog log = late
                ? new LateLog(retention, InstantSource.system(), seed)
                : new MemoryLog(retention, InstantSource.system());
        Hub hub = new Hub(log, TestHub.windowOf(40_000), FrameEncoder.PLAIN);
        for (int i = 0; i < LOOPS; i++) {
            ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
            threads.add(thread);
            loops.add(hub.loop(thread));
        }
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Client client = new Client(i, seed + i, shortRetention);
            clients.add(client);
            client.connect();
        }
        AtomicBoolean going = new AtomicBoolean(true);
        List<Thread> publishers = new ArrayList<>();
        for (int i = 0; i < PUBLISHERS; i++) {
            Random own = new Random(seed - i - 1);
            int number = i;
            Thread publisher = new Thread(() -> publish(hub, own, number, going, shortRetention));
            publisher.start();
            publishers.add(publisher);
        }
        long end = System.nanoTime() + TIME.toNanos();
        while (System.nanoTime() < end) {
            clients.get(random.nextInt(CLIENTS)).disturb(random);
            LockSupport.parkNanos(random.nextInt(400_000));
        }
        going.set(false);
        for (Thread publisher : publishers) {
            publisher.join();
        }
        for (Client client : clients) {
            client.settle();
        }
        long tail = log.tail().toCompletableFuture().join();
        await().pollInterval(Duration.ofMillis(20))
                .atMost(Duration.ofSeconds(LONG ? 120 : 30))
                .until(() -> {
                    clients.forEach(Client::settle);
                    return clients.stream().allMatch(client -> client.isAt(tail));
                });
        hub.close();
        threads.forEach(ScheduledExecutorService::shutdown);

        int gaps = clients.stream().mapToInt(client -> client.gaps.size()).sum();
        long read = clients.stream().mapToLong(client -> client.received.size()).sum();
        int resumes = clients.stream().mapToInt(client -> client.resumes).sum();
        System.out.printf(
                "%,d events, %,d received by %d clients, %,d resumes, %,d gaps, %s%n",
                published.size(),
                read,
                CLIENTS,
                resumes,
                gaps,
                log instanceof LateLog answers ? answers.reads + " reads" : "");
        List<Published> all = published.stream()
                .sorted((one, other) -> Long.compare(one.position(), other.position()))
                .toList();
        for (Client client : clients) {
            client.audit(all);
        }
        assertThat(wrong).as("seed %d", seed).isEmpty();
        assertThat(resumes).as("resumes").isGreaterThan(20);
        assertThat(read).as("events received").isGreaterThan(1_000);
    }

    private void publish(Hub hub, Random random, int number, AtomicBoolean going, boolean deletes) {
        List<CompletableFuture<?>> stages = new ArrayList<>();
        for (int n = 0; going.get(); n++) {
            List<Topic> topics = new ArrayList<>();
            topics.add(random.nextInt(200) == 0 ? Topic.ALL : Topic.of(TestNames.topic(random)));
            if (random.nextInt(10) == 0) {
                topics.add(Topic.of(TestNames.topic(random)));
            }
            String filler = "x".repeat(random.nextInt(20) == 0 ? 2_000 : 20);
            Publication publication = new Publication(topics, Event.message(number + "/" + n + " " + filler), null);
            stages.add(hub.publish(publication)
                    .thenAccept(id -> published.add(new Published(Position.parse(id), publication)))
                    .toCompletableFuture());
            if (deletes && random.nextInt(500) == 0) {
                stages.add(hub.delete(Topic.of(TestNames.topic(random))).toCompletableFuture());
            }
            if (random.nextInt(LONG ? 5 : 20) == 0) { // the clients' parsers are to keep up with it in the long run
                LockSupport.parkNanos(random.nextInt(4_000_000));
            }
        }
        CompletableFuture.allOf(stages.toArray(CompletableFuture[]::new))
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    /** Events may be missing after the one received last, up to where the log was when the gap was told. */
    private record Told(long after, long upTo, int skipped) {}

    /** A client and all it has received, over its connections. Sinks are touched on their loop only, and lock it, never the reverse. */
    private final class Client {
        final int number;
        final Random random;
        final boolean mayMiss;
        final Subscription subscription;
        final List<Long> received = new ArrayList<>();
        final List<Told> gaps = new ArrayList<>();
        long began = -1;
        long openedAt;
        long broadcastsFrom;
        long known;
        String lastId = "";
        int resumes;
        Loop loop;

        @Nullable
        Cursor cursor;

        @Nullable
        Connection connection;

        Client(int number, long seed, boolean mayMiss) {
            this.number = number;
            this.random = new Random(seed);
            this.mayMiss = mayMiss;
            this.loop = loops.get(number % LOOPS);
            List<Selector> selectors = new ArrayList<>();
            for (int n = random.nextInt(3); n >= 0; n--) {
                selectors.add(Selector.of(TestNames.selector(random)));
            }
            Subscription.Slow slow = number % 5 == 0 ? Subscription.Slow.LATEST : Subscription.Slow.CATCH_UP;
            Form form = Form.values()[number % 2]; // an envelope's data is another, but its way is the same
            this.subscription = new Subscription(
                    new Selection(selectors, Set.of()),
                    number % 3 == 0 ? Start.OLDEST : Start.NOW,
                    null,
                    form,
                    slow,
                    Duration.ofSeconds(5 + random.nextInt(10)),
                    random.nextBoolean(),
                    Duration.ofSeconds(3),
                    true);
        }

        synchronized void connect() {
            Connection opened = new Connection(this);
            connection = opened;
            loop = loops.get(random.nextInt(LOOPS));
            String id = lastId;
            loop.execute(() -> {
                Cursor own = loop.open(subscription.resumeAfter(id.isEmpty() ? null : id), opened);
                synchronized (this) {
                    cursor = own;
                }
            });
        }

        /** Stalls, lets go, cuts or resumes. */
        synchronized void disturb(Random how) {
            Connection own = connection;
            Cursor open = cursor;
            if (own == null || open == null) {
                return;
            }
            switch (how.nextInt(6)) {
                case 0 -> loop.execute(own::block);
                case 1, 2 -> letGo(own, open, 1 + how.nextInt(3));
                case 3 -> letGo(own, open, Integer.MAX_VALUE);
                case 4 -> {
                    int times = 1 + how.nextInt(3);
                    loop.execute(() -> own.open(times));
                }
                default -> {
                    Loop of = loop;
                    cursor = null;
                    connection = null;
                    resumes++;
                    of.execute(() -> {
                        open.close();
                        own.cut = true;
                        connect();
                    });
                }
            }
        }

        private void letGo(Connection own, Cursor open, int times) {
            loop.execute(() -> {
                own.open(times);
                open.resume();
            });
        }

        synchronized void settle() {
            Connection own = connection;
            Cursor open = cursor;
            if (own != null && open != null && !own.settled) {
                own.settled = true;
                letGo(own, open, Integer.MAX_VALUE);
            }
        }

        boolean isAt(long tail) {
            Loop of;
            Cursor open;
            synchronized (this) {
                of = loop;
                open = cursor;
                if (open == null || connection == null || !connection.settled) {
                    return false;
                }
            }
            return CompletableFuture.supplyAsync(() -> !open.isLagging() && of.at() >= tail, of::execute)
                    .join();
        }

        synchronized void received(RecordingSink.Received one) {
            String id = one.id();
            lastId = id.isEmpty() ? lastId : id;
            long position = Position.parse(lastId);
            if (one.type().equals("fanfare-open")) {
                if (began < 0) {
                    began = position;
                    openedAt = newest();
                    broadcastsFrom = Position.parse(one.data().replaceAll(".*\"latest\":\"([^\"]+)\".*", "$1"));
                }
            } else if (one.type().equals("fanfare-gap")) {
                boolean slow = one.data().contains("slow-consumer");
                int skipped = slow ? Integer.parseInt(one.data().replaceAll(".*\"skipped\":(\\d+).*", "$1")) : 0;
                if (!slow && !mayMiss) {
                    wrong.add("client " + number + " was told of a gap: " + one.data());
                }
                gaps.add(new Told(known, slow ? Long.MIN_VALUE : newest(), skipped));
            } else if (!one.type().equals("fanfare-heartbeat")) {
                if (position <= known) {
                    wrong.add("client " + number + " received " + id + " after " + Position.text(known));
                }
                received.add(position);
            }
            if (position < known) {
                wrong.add("client " + number + ": the id went back to " + id + " with " + one.type());
            }
            known = Math.max(known, position);
        }

        private long newest() {
            return Position.next(0, System.currentTimeMillis() + 1);
        }

        void audit(List<Published> all) {
            Set<Long> has = new HashSet<>(received);
            if (has.size() != received.size()) {
                wrong.add("client " + number + " received some twice");
            }
            int missing = 0;
            long skipped = 0;
            for (Told gap : gaps) {
                skipped += gap.skipped();
            }
            boolean told = gaps.stream().anyMatch(gap -> gap.upTo() != Long.MIN_VALUE);
            for (Published one : all) {
                if (has.remove(one.position()) || one.position() <= began || !isWanted(one)) {
                    continue;
                }
                missing++;
                boolean covered =
                        gaps.stream().anyMatch(gap -> one.position() > gap.after() && one.position() <= gap.upTo());
                if (subscription.slow() != Subscription.Slow.LATEST && !covered) {
                    wrong.add("client " + number + " " + subscription.selection() + " misses "
                            + Position.text(one.position()) + " of "
                            + one.publication().topics() + ", gaps " + gaps);
                }
            }
            if (subscription.slow() == Subscription.Slow.LATEST && !told && missing != skipped) {
                wrong.add("client " + number + " misses " + missing + " but was told of " + skipped);
            }
            if (!has.isEmpty()) {
                wrong.add("client " + number + " received what was not published: " + has);
            }
            if (began < 0) {
                wrong.add("client " + number + " has not begun");
            }
        }

        /**
         * Broadcasts of before its beginning may or may not come with a start in the past, and are in no gap. What went before a
         * start in the past was read is no gap either.
         */
        private boolean isWanted(Published one) {
            if (one.publication().topics().stream().anyMatch(subscription.selection()::matches)) {
                boolean mayBeGone = mayMiss && subscription.start().isHistory();
                return !mayBeGone || one.position() > openedAt;
            }
            return !mayMiss && one.publication().topics().contains(Topic.ALL) && one.position() > broadcastsFrom;
        }
    }

    /** One connection of a client. */
    private final class Connection extends RecordingSink {
        private final Client client;
        private final Random takesPart;
        volatile boolean cut;
        volatile boolean settled;

        Connection(Client client) {
            super(client.lastId);
            this.client = client;
            this.takesPart = new Random(client.number);
        }

        @Override
        public synchronized int write(Batch batch) {
            if (cut) {
                wrong.add("client " + client.number + " was written to after its close");
            }
            return super.write(batch);
        }

        @Override
        int mostTaken(int frames) {
            return !settled && takesPart.nextInt(4) == 0 ? 1 + takesPart.nextInt(frames) : frames;
        }

        @Override
        void received(Received one) {
            client.received(one);
        }
    }
}
