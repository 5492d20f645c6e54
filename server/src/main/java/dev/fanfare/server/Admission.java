package dev.fanfare.server;

import dev.fanfare.http.Problem;
import dev.fanfare.hub.Counts;
import dev.fanfare.hub.Peers;
import io.netty.channel.EventLoopGroup;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Who may have how much: streams at once, events a second, bytes of history a second. Thread-safe. */
final class Admission {

    private static final long SWEEP_SECONDS = 5;
    private static final int NETWORK_BYTES = 8;

    private volatile int mostStreams;
    private final AtomicInteger streams = new AtomicInteger();
    private final Counts byIp = new Counts();
    private volatile @Nullable Integer mostPerIp;
    private volatile @Nullable Integer mostPerUser;
    private final Peers peers;
    private volatile @Nullable Buckets publishes;
    private volatile @Nullable Buckets history;

    /**
     * Who asks.
     *
     * @param address where from
     * @param user who he is, or null
     * @param credential what stands for him where rates are limited, or null
     */
    record Client(
            InetAddress address,
            @Nullable String user,
            @Nullable String credential) {

        /** The address, of IPv6 the /64 network: who has one of its addresses has all of them. */
        String network() {
            if (!(address instanceof Inet6Address)) {
                return address.getHostAddress();
            }
            StringBuilder network = new StringBuilder();
            byte[] bytes = address.getAddress();
            for (int i = 0; i < NETWORK_BYTES; i += 2) {
                network.append(Integer.toHexString((bytes[i] & 0xff) << 8 | bytes[i + 1] & 0xff))
                        .append(':');
            }
            return network + ":/64";
        }

        private String publisher() {
            return credential == null ? network() : "credential " + credential;
        }
    }

    Admission(ServerSettings settings, Peers peers, EventLoopGroup group) {
        this.peers = peers;
        use(settings);
        group.scheduleAtFixedRate(this::sweep, SWEEP_SECONDS, SWEEP_SECONDS, TimeUnit.SECONDS);
    }

    /** Goes by these limits from now on. That of users' streams, if it was off, does not know of those there are. */
    void use(ServerSettings settings) {
        Limits limits = settings.limits();
        mostStreams = settings.streams();
        mostPerIp = limits.streamsPerIp();
        mostPerUser = limits.streamsPerUser();
        publishes = buckets(publishes, limits.publishRate());
        history = buckets(history, limits.catchUpRate());
    }

    private static @Nullable Buckets buckets(@Nullable Buckets before, @Nullable Number perSecond) {
        if (perSecond == null) {
            return null;
        }
        return before != null && before.perSecond() == perSecond.longValue()
                ? before
                : new Buckets(perSecond.longValue());
    }

    private void sweep() {
        Buckets publishes = this.publishes;
        Buckets history = this.history;
        if (publishes != null) {
            publishes.sweep();
        }
        if (history != null) {
            history.sweep();
        }
    }

    /** Open streams. */
    int streams() {
        return streams.get();
    }

    /** Open streams against the most there may be, from 0 to 1. */
    double share() {
        int most = mostStreams;
        return most <= 0 ? 1 : (double) streams.get() / most;
    }

    /** Counts a stream in, unless there are as many as may be, of all or of this client: of his on all nodes, if that is limited. */
    CompletionStage<Boolean> streamOpened(Client client) {
        if (!addHere(client)) {
            return CompletableFuture.completedFuture(false);
        }
        Integer most = mostPerUser;
        String user = client.user();
        if (most == null || user == null) {
            return CompletableFuture.completedFuture(true);
        }
        return peers.take(user, most).thenApply(taken -> {
            if (!taken) {
                removeHere(client);
            }
            return taken;
        });
    }

    private boolean addHere(Client client) {
        Integer most = mostPerIp;
        if (streams.incrementAndGet() <= mostStreams
                && byIp.add(client.network(), most == null ? Integer.MAX_VALUE : most)) {
            return true;
        }
        streams.decrementAndGet();
        return false;
    }

    private void removeHere(Client client) {
        streams.decrementAndGet();
        byIp.remove(client.network());
    }

    void streamClosed(Client client) {
        removeHere(client);
        String user = client.user();
        if (user != null) {
            peers.giveBack(user);
        }
    }

    /** Refuses events of a client who has published more than he may; a document may go beyond once, and is then owed for. */
    void checkPublish(Client client, int events) {
        Buckets publishes = this.publishes;
        if (publishes == null) {
            return;
        }
        long nanos = publishes.tryTake(client.publisher(), events);
        if (nanos > 0) {
            throw Problem.tooMany(
                    "more events a second than one client may publish (limits.publish-rate); send slower, or in one"
                            + " streaming request, which is slowed down and not refused",
                    (int) Math.min(3_600, 1 + TimeUnit.NANOSECONDS.toSeconds(nanos)));
        }
    }

    /** Counts events of a streaming publish; returns for how many nanoseconds it is to be read no further. */
    long publishPause(Client client, int events) {
        Buckets publishes = this.publishes;
        return publishes == null || events == 0 ? 0 : publishes.take(client.publisher(), events);
    }

    boolean limitsHistory() {
        return history != null;
    }

    /** Counts bytes read from behind the newest events; returns for how many nanoseconds the client is to read no further. */
    long historyPause(Client client, long bytes) {
        Buckets history = this.history;
        return history == null ? 0 : history.take(client.network(), bytes);
    }

    /** A read for which so many bytes were counted in advance had so many. */
    void historyRead(Client client, int inAdvance, int bytes) {
        Buckets history = this.history;
        if (history != null && bytes > inAdvance) {
            history.take(client.network(), bytes - inAdvance);
        } else if (history != null && bytes < inAdvance) {
            history.giveBack(client.network(), inAdvance - bytes);
        }
    }

    /** Clients that something is known of. */
    int tracked() {
        Buckets publishes = this.publishes;
        Buckets history = this.history;
        return byIp.size()
                + peers.users()
                + (publishes == null ? 0 : publishes.size())
                + (history == null ? 0 : history.size());
    }
}
