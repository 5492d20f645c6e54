package dev.fanfare.cli;

import dev.fanfare.auth.Authenticator;
import dev.fanfare.http.SubscribeRequest;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.HubSettings;
import dev.fanfare.hub.MemoryLog;
import dev.fanfare.hub.Peers;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Subscription;
import dev.fanfare.redis.Ingress;
import dev.fanfare.redis.RedisLog;
import dev.fanfare.redis.RedisSettings;
import dev.fanfare.rocksdb.Durability;
import dev.fanfare.rocksdb.RocksLog;
import dev.fanfare.server.Limits;
import dev.fanfare.server.LogField;
import dev.fanfare.server.Metrics;
import dev.fanfare.server.Server;
import dev.fanfare.server.ServerSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A node made of its parts, from its settings, until it is told to stop. */
final class Node {

    private static final Logger LOG = System.getLogger(Node.class.getName());
    /** Of the client of Redis, which has a line for each attempt to reconnect; that it is away, the log on it says once. */
    private static final java.util.logging.Logger REDIS_CLIENT = java.util.logging.Logger.getLogger("io.lettuce");

    private final Server server;
    private final Authenticator authenticator;
    private final @Nullable Ingress ingress;

    private Node(Server server, Authenticator authenticator, @Nullable Ingress ingress) {
        this.server = server;
        this.authenticator = authenticator;
        this.ingress = ingress;
    }

    /**
     * Starts a node, and prints one line with its URL when it is ready.
     *
     * @param onListening what is to be done when it listens, and before anybody is told
     * @param memory keep the log in memory, not in the data directory
     * @throws IOException if it cannot listen
     * @throws dev.fanfare.rocksdb.DataDirectoryException if the data directory cannot be used
     * @throws dev.fanfare.redis.RedisLogException if the Redis server cannot be reached, or cannot hold a hub
     */
    static void start(Settings settings, boolean memory, PrintWriter out, Consumer<Node> onListening)
            throws IOException {
        Node node = node(settings, memory);
        try {
            int port = node.server.start();
            String url = "http://" + urlHost(settings.value(Definitions.HOST)) + ":" + port;
            onListening.accept(node);
            LOG.log(
                    Level.INFO,
                    "serves {0}; the log: {1}; streams: at most {2}; {3}",
                    new LogField("url", url),
                    new LogField("log", logName(settings, memory)),
                    new LogField("streams", settings.value(Definitions.LIMITS_STREAMS)),
                    new LogField(
                            "auth", node.authenticator.isOpen() ? "open to all who reach it" : "with credentials"));
            out.println("Fanfare is ready at " + url);
            out.flush();
        } catch (IOException e) {
            node.server.close();
            throw e;
        }
    }

    /** The server, to be drained and closed. */
    Server server() {
        return server;
    }

    /** Goes by other settings, of which those that need a restart are as they were. */
    void use(Settings changed) {
        authenticator.use(Access.of(changed));
        server.reload(serverSettings(changed));
        if (ingress != null) {
            ingress.use(Channels.mapping(changed));
        }
    }

    private static String logName(Settings settings, boolean memory) {
        if (memory) {
            return "in memory";
        }
        return settings.value(Definitions.REDIS).isPresent()
                ? settings.shown(Definitions.REDIS) + ", hub " + settings.value(Definitions.REDIS_HUB)
                : settings.text(Definitions.DATA);
    }

    private static String urlHost(String host) {
        return host.indexOf(':') < 0 ? host : "[" + host + "]";
    }

    private static Node node(Settings settings, boolean memory) {
        HubSettings bounds = new HubSettings(
                settings.value(Definitions.WINDOW_BYTES),
                settings.value(Definitions.RETENTION_AGE),
                settings.value(Definitions.RETRY),
                settings.value(Definitions.RETRY_MAX));
        Metrics metrics = new Metrics();
        EventLog log = log(settings, memory);
        Peers peers = log instanceof RedisLog shared ? shared.peers() : Peers.none();
        Hub hub = new Hub(log, bounds, Server.frames(), metrics);
        Authenticator authenticator = new Authenticator(Access.of(settings), InstantSource.system());
        Server server = new Server(hub, authenticator, serverSettings(settings), metrics, peers);
        Ingress ingress = log instanceof RedisLog shared ? Channels.bridge(settings, shared, metrics.ingress()) : null;
        return new Node(server, authenticator, ingress);
    }

    private static EventLog log(Settings settings, boolean memory) {
        long bytes = settings.value(Definitions.RETENTION_BYTES);
        Retention retention = new Retention(
                settings.value(Definitions.RETENTION_AGE),
                memory ? Math.min(bytes, Runtime.getRuntime().maxMemory() / 4) : bytes,
                settings.value(Definitions.RETENTION_EVENTS).map(Long::valueOf).orElse(Long.MAX_VALUE),
                settings.value(Definitions.RETENTION_KEEP_LAST),
                settings.value(Definitions.LIMITS_TOPICS),
                settings.value(Definitions.IDEMPOTENCY_WINDOW));
        if (memory) {
            return new MemoryLog(retention, InstantSource.system());
        }
        Optional<String> redis = settings.value(Definitions.REDIS);
        if (redis.isPresent()) {
            REDIS_CLIENT.setLevel(java.util.logging.Level.SEVERE);
            RedisSettings server = RedisSettings.of(redis.get())
                    .withHub(settings.value(Definitions.REDIS_HUB))
                    .withTimeout(settings.value(Definitions.REDIS_TIMEOUT))
                    .withTls(new RedisSettings.Tls(
                            settings.value(Definitions.REDIS_CA).map(Path::of).orElse(null),
                            settings.value(Definitions.REDIS_CERT).map(Path::of).orElse(null),
                            settings.value(Definitions.REDIS_KEY).map(Path::of).orElse(null)))
                    .withSentinelPassword(
                            settings.value(Definitions.REDIS_SENTINEL_PASSWORD).orElse(null));
            return RedisLog.open(server, retention);
        }
        return RocksLog.open(
                Path.of(settings.value(Definitions.DATA)),
                retention,
                Durability.valueOf(settings.value(Definitions.DURABILITY).toUpperCase(Locale.ROOT)),
                settings.value(Definitions.DATA_LOCK_WAIT),
                InstantSource.system());
    }

    private static Limits limits(Settings settings) {
        return new Limits(
                settings.value(Definitions.LIMITS_STREAMS_PER_IP).orElse(null),
                settings.value(Definitions.LIMITS_STREAMS_PER_USER).orElse(null),
                settings.value(Definitions.LIMITS_PUBLISH_RATE).orElse(null),
                settings.value(Definitions.LIMITS_CATCH_UP_RATE).orElse(null),
                settings.value(Definitions.LIMITS_STREAM_AGE).orElse(null),
                settings.value(Definitions.SLOW_MAX_LAG).orElse(null),
                settings.value(Definitions.LIMITS_WRITE_TIME),
                settings.value(Definitions.PROXIES_TRUSTED));
    }

    private static ServerSettings serverSettings(Settings settings) {
        String slow = settings.value(Definitions.SLOW).replace('-', '_').toUpperCase(Locale.ROOT);
        return new ServerSettings(
                settings.value(Definitions.HOST),
                settings.value(Definitions.PORT),
                settings.value(Definitions.ADMIN_PORT).orElse(null),
                settings.value(Definitions.LOOPS),
                settings.value(Definitions.INSECURE),
                settings.value(Definitions.HOST_NAMES),
                settings.value(Definitions.CORS_ORIGINS).orElse(null),
                settings.value(Definitions.LIMITS_STREAMS),
                settings.value(Definitions.LIMITS_EVENT_BYTES),
                settings.value(Definitions.LIMITS_BODY_BYTES),
                settings.value(Definitions.LIMITS_HEAD_BYTES),
                settings.value(Definitions.LIMITS_REQUEST_TIME),
                settings.value(Definitions.PUBLISH_IDLE),
                settings.value(Definitions.LIMITS_IDLE),
                settings.value(Definitions.DRAIN_DELAY),
                settings.value(Definitions.DRAIN_TIME),
                limits(settings),
                new SubscribeRequest.Defaults(
                        settings.value(Definitions.LIMITS_TOPICS_PER_STREAM),
                        settings.value(Definitions.HEARTBEAT),
                        settings.value(Definitions.RETRY),
                        Subscription.Slow.valueOf(slow)));
    }
}
