package dev.fanfare.cli;

import dev.fanfare.http.SubscribeRequest;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.HubSettings;
import dev.fanfare.hub.MemoryLog;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Subscription;
import dev.fanfare.server.Server;
import dev.fanfare.server.ServerSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.ServerSocket;
import java.time.InstantSource;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;

/** A node made of its parts, from its settings, until it is told to stop. */
final class Node {

    private Node() {}

    /** Runs a node until SIGTERM or SIGINT; prints one line with its URL when it is ready. */
    static void run(Settings settings, PrintWriter out) throws Exception {
        Server server = server(settings);
        int port = listen(server, settings);
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            server.close();
                            stopped.countDown();
                        },
                        "fanfare-stop"));
        out.println("Fanfare is ready at http://" + urlHost(settings.value(Definitions.HOST)) + ":" + port);
        out.flush();
        stopped.await();
    }

    private static String urlHost(String host) {
        return host.indexOf(':') < 0 ? host : "[" + host + "]";
    }

    private static Server server(Settings settings) {
        Retention retention = new Retention(
                settings.value(Definitions.RETENTION_AGE),
                Math.min(
                        settings.value(Definitions.RETENTION_BYTES),
                        Runtime.getRuntime().maxMemory() / 4),
                settings.value(Definitions.RETENTION_EVENTS).map(Long::valueOf).orElse(Long.MAX_VALUE),
                settings.value(Definitions.RETENTION_KEEP_LAST),
                settings.value(Definitions.LIMITS_TOPICS),
                settings.value(Definitions.IDEMPOTENCY_WINDOW));
        HubSettings bounds = new HubSettings(
                settings.value(Definitions.WINDOW_BYTES),
                settings.value(Definitions.RETENTION_AGE),
                settings.value(Definitions.RETRY));
        Hub hub = new Hub(new MemoryLog(retention, InstantSource.system()), bounds, Server.frames());
        try {
            return new Server(hub, serverSettings(settings));
        } catch (IllegalArgumentException e) {
            hub.close();
            throw new CommandFailed(String.valueOf(e.getMessage()));
        }
    }

    private static ServerSettings serverSettings(Settings settings) {
        String slow = settings.value(Definitions.SLOW).replace('-', '_').toUpperCase(Locale.ROOT);
        return new ServerSettings(
                settings.value(Definitions.HOST),
                settings.value(Definitions.PORT),
                settings.value(Definitions.LOOPS),
                settings.value(Definitions.INSECURE),
                settings.value(Definitions.HOST_NAMES),
                settings.value(Definitions.CORS_ORIGINS).orElse(null),
                settings.value(Definitions.LIMITS_STREAMS),
                settings.value(Definitions.LIMITS_EVENT_BYTES),
                settings.value(Definitions.LIMITS_HEAD_BYTES),
                settings.value(Definitions.LIMITS_REQUEST_TIME),
                settings.value(Definitions.LIMITS_IDLE),
                new SubscribeRequest.Defaults(
                        settings.value(Definitions.LIMITS_TOPICS_PER_STREAM),
                        settings.value(Definitions.HEARTBEAT),
                        settings.value(Definitions.RETRY),
                        Subscription.Slow.valueOf(slow)));
    }

    private static int listen(Server server, Settings settings) throws Exception {
        try {
            return server.start();
        } catch (IOException e) {
            server.close();
            String where = settings.value(Definitions.HOST) + ":" + settings.value(Definitions.PORT);
            throw new CommandFailed("cannot listen on " + where + ": " + e.getMessage() + "; port " + freePort()
                    + " is free: --port " + freePort());
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
