package dev.fanfare.cli;

import dev.fanfare.auth.Authenticator;
import dev.fanfare.http.SubscribeRequest;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.HubSettings;
import dev.fanfare.hub.MemoryLog;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Subscription;
import dev.fanfare.rocksdb.Durability;
import dev.fanfare.rocksdb.RocksLog;
import dev.fanfare.server.Limits;
import dev.fanfare.server.Metrics;
import dev.fanfare.server.Server;
import dev.fanfare.server.ServerSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Locale;

/** A node made of its parts, from its settings, until it is told to stop. */
final class Node {

    private Node() {}

    /**
     * Starts a node, and prints one line with its URL when it is ready.
     *
     * @return the server, to be drained and closed
     * @param memory keep the log in memory, not in the data directory
     * @throws IOException if it cannot listen
     * @throws dev.fanfare.rocksdb.DataDirectoryException if the data directory cannot be used
     */
    static Server start(Settings settings, boolean memory, PrintWriter out) throws IOException {
        Server server = server(settings, memory);
        try {
            int port = server.start();
            out.println("Fanfare is ready at http://" + urlHost(settings.value(Definitions.HOST)) + ":" + port);
            out.flush();
            return server;
        } catch (IOException e) {
            server.close();
            throw e;
        }
    }

    private static String urlHost(String host) {
        return host.indexOf(':') < 0 ? host : "[" + host + "]";
    }

    private static Server server(Settings settings, boolean memory) {
        HubSettings bounds = new HubSettings(
                settings.value(Definitions.WINDOW_BYTES),
                settings.value(Definitions.RETENTION_AGE),
                settings.value(Definitions.RETRY),
                settings.value(Definitions.RETRY_MAX));
        Metrics metrics = new Metrics();
        Hub hub = new Hub(log(settings, memory), bounds, Server.frames(), metrics);
        Authenticator authenticator = new Authenticator(Access.of(settings), InstantSource.system());
        return new Server(hub, authenticator, serverSettings(settings), metrics);
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
