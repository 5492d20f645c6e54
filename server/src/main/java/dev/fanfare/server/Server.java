package dev.fanfare.server;

import static java.util.Objects.requireNonNull;

import dev.fanfare.auth.Authenticator;
import dev.fanfare.http.Problem;
import dev.fanfare.hub.EndCause;
import dev.fanfare.hub.FrameEncoder;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.Peers;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A hub behind HTTP/1.1. Epoll where it loads, NIO elsewhere. */
public final class Server implements AutoCloseable {

    static final RecvByteBufAllocator STREAM_RECEIVE = new FixedRecvByteBufAllocator(512);

    private static final int BACKLOG = 4_096;
    private static final int UNSENT_BYTES = 16 * 1024;
    private static final int SEND_BUFFER = 64 * 1024;
    private static final long SHUTDOWN_SECONDS = 5;

    private volatile ServerSettings settings;
    private final Hub hub;
    private final Metrics metrics;
    private final List<LoopLag> lags = new ArrayList<>();
    private final Access access;
    private volatile Origins origins;
    private final RefusalLog refusals = new RefusalLog();
    private final Peers peers;
    private final Gate gate;
    private final Routes routes;
    private final Rates rates;
    private final EventLoopGroup group;
    private final Map<EventExecutor, Worker> workers = new IdentityHashMap<>();
    private final Counters counters = new Counters();
    private final Proxies proxies;
    private final Admission admission;
    private final Load load;
    private final Shutdown shutdown;
    private volatile @Nullable Channel listener;
    private volatile @Nullable Channel adminListener;
    private boolean closed;

    /**
     * A server for this hub, which it closes with itself.
     *
     * @param authenticator says who callers are and what they may
     * @param metrics what the hub told its listener to, and what {@code /metrics} answers
     * @throws IllegalArgumentException if an open node would listen beyond this machine
     */
    public Server(Hub hub, Authenticator authenticator, ServerSettings settings, Metrics metrics) {
        this(hub, authenticator, settings, metrics, Peers.none());
    }

    /** As above, one of several nodes, which it joins, and leaves when it closes. */
    public Server(Hub hub, Authenticator authenticator, ServerSettings settings, Metrics metrics, Peers peers) {
        if (authenticator.isOpen() && !settings.insecure() && !Origins.isLoopback(settings.host())) {
            throw new IllegalArgumentException("host: " + settings.host()
                    + " would let anyone who reaches this machine publish; say --insecure if that is meant");
        }
        this.hub = hub;
        this.metrics = metrics;
        this.settings = settings;
        this.access = new Access(authenticator, hub.log());
        this.origins = new Origins(settings, access.isOpen());
        this.proxies = new Proxies(settings.limits().trustedProxies());
        this.gate = new Gate(this);
        this.peers = peers;
        OpenStreams open = new OpenStreams(hub);
        access.revocations().onRevoked(open::revoked);
        HubStreams streams = new HubStreams(hub, peers, open, this::figures);
        this.routes = new Routes(this, hub, streams);
        IoHandlerFactory io = Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        this.group = new MultiThreadIoEventLoopGroup(settings.loops(), io);
        for (EventExecutor executor : group) {
            EventLoop eventLoop = (EventLoop) executor;
            workers.put(executor, new Worker(eventLoop, hub.loop(eventLoop), this::settings));
            lags.add(new LoopLag(eventLoop, metrics));
        }
        this.rates = new Rates(hub, group);
        this.admission = new Admission(settings, peers, group);
        this.load = new Load(hub, admission, lags, group);
        this.shutdown = new Shutdown(hub, workers.values());
        metrics.observe(this, hub);
        peers.join(streams);
    }

    /** The framing that a hub for a server of this kind must use. */
    public static FrameEncoder frames() {
        return new ChunkedFrames();
    }

    /**
     * Begins to listen.
     *
     * @return the port
     * @throws IOException if it cannot, as when a port is taken
     */
    public int start() throws IOException {
        Integer operators = settings.adminPort();
        if (operators != null) {
            adminListener = listen(operators, Door.ADMIN);
        }
        Channel bound = listen(settings.port(), operators == null ? Door.ONLY : Door.PUBLIC);
        listener = bound;
        return port(bound);
    }

    /** The port of what is the operator's; that of all else if there is no other. */
    public int adminPort() {
        return port(requireNonNull(adminListener == null ? listener : adminListener, "started"));
    }

    private static int port(Channel bound) {
        return ((InetSocketAddress) bound.localAddress()).getPort();
    }

    private Channel listen(int port, Door door) throws IOException {
        boolean epoll = Epoll.isAvailable();
        Class<? extends ServerChannel> type = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channel(type)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        connect(channel, door);
                    }
                });
        if (epoll) {
            bootstrap.childOption(EpollChannelOption.TCP_NOTSENT_LOWAT, (long) UNSENT_BYTES);
        } else { // so that what a stalled reader pins is bounded there too, and a slow one is seen to go on
            bootstrap.childOption(ChannelOption.SO_SNDBUF, SEND_BUFFER);
        }
        ChannelFuture binding =
                bootstrap.bind(new InetSocketAddress(settings.host(), port)).awaitUninterruptibly();
        if (!binding.isSuccess()) {
            throw new IOException(binding.cause().getMessage(), binding.cause());
        }
        Channel bound = binding.channel();
        bound.pipeline().addLast(new AcceptFailures(counters));
        return bound;
    }

    /**
     * Goes by other settings from now on; what was begun goes on under those it began with, and no stream ends. Where it listens, and
     * with how many loops, stays as it is.
     */
    public void reload(ServerSettings changed) {
        settings = changed;
        origins = new Origins(changed, access.isOpen());
        admission.use(changed);
        metrics.reloaded(true);
    }

    /** Counts a reload that changed nothing, because the settings could not be used. */
    public void reloadFailed() {
        metrics.reloaded(false);
    }

    /** Counts, and says now and then, that a request was answered with a problem. */
    void refused(Problem problem) {
        metrics.problem(problem.status());
        refusals.refused(problem);
    }

    /** Counts, and says now and then, that a stream was not begun. */
    void refused(Refusal why) {
        metrics.streamRefused(why);
        refusals.refused(why);
    }

    private void connect(Channel channel, Door door) {
        Worker worker = workers.get(channel.eventLoop());
        if (worker == null) {
            throw new IllegalStateException("a channel on no loop of this server");
        }
        Connection connection = new Connection(channel, this, worker, door);
        channel.pipeline().addLast(new RequestDecoder(connection, settings.headBytes()), connection);
    }

    ServerSettings settings() {
        return settings;
    }

    Access access() {
        return access;
    }

    Origins origins() {
        return origins;
    }

    Gate gate() {
        return gate;
    }

    Routes routes() {
        return routes;
    }

    Rates rates() {
        return rates;
    }

    Metrics metrics() {
        return metrics;
    }

    /** How late the latest of the event loops has been lately, in nanoseconds. */
    long loopLag() {
        return lags.stream().mapToLong(LoopLag::recentNanos).max().orElse(0);
    }

    boolean isDraining() {
        return shutdown.hasBegun();
    }

    boolean refusesStreams() {
        return shutdown.refusesStreams();
    }

    Hub hub() {
        return hub;
    }

    Peers peers() {
        return peers;
    }

    /** What the nodes of a hub tell of themselves, to be added up. */
    Map<String, Long> figures() {
        Map<String, Long> figures = new LinkedHashMap<>();
        figures.put("streams", (long) streams());
        figures.put("lagging", (long) hub.lagging());
        figures.put("deliveries", hub.deliveries());
        figures.put("deliveriesPerSecond", rates.figures().deliveries());
        return figures;
    }

    /** How many event streams are open. */
    public int streams() {
        return admission.streams();
    }

    void streamClosed(Admission.Client client, EndCause cause) {
        admission.streamClosed(client);
        metrics.streamClosed(cause);
    }

    Counters counters() {
        return counters;
    }

    Proxies proxies() {
        return proxies;
    }

    Admission admission() {
        return admission;
    }

    Load load() {
        return load;
    }

    /**
     * Prepares to be closed, as {@code drain.delay} and {@code drain.time} say: is not ready any more, takes new streams for a while
     * yet, then ends all, spread over a time, each with a reconnection time of its own. Blocks until that is done or {@link #close} is
     * called from another thread. Publishes are taken until then.
     */
    public void drain() {
        shutdown.drain(settings.drainDelay(), settings.drainTime());
    }

    /**
     * Stops listening, ends what streams there are, each with a reconnection time of its own, and streaming publishes with 503, answers
     * what was asked, and closes the hub. Takes moments, and not more than some seconds.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (listener != null) {
            listener.close().awaitUninterruptibly();
        }
        if (adminListener != null) {
            adminListener.close().awaitUninterruptibly();
        }
        shutdown.finish();
        peers.close();
        hub.close();
        group.shutdownGracefully(100, SHUTDOWN_SECONDS * 1000, TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
        metrics.close();
    }
}
