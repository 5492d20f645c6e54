package dev.fanfare.redis;

import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.Retention;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A Redis server of the tests' own, on a free port of this machine, without persistence unless asked for. */
public final class RedisServer implements AutoCloseable {

    private static final AtomicInteger HUBS = new AtomicInteger();

    private final int port;
    private final List<String> command = new ArrayList<>();
    private final Path directory;
    private Process process;

    /** Starts one, with these settings of redis.conf besides: {@code --appendonly yes}. */
    public RedisServer(String... settings) {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
            directory = Files.createTempDirectory("fanfare-redis");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        command.addAll(List.of("redis-server", "--port", Integer.toString(port), "--bind", "127.0.0.1", "--save", ""));
        command.addAll(List.of("--dir", directory.toString(), "--logfile", "redis.log"));
        command.addAll(List.of(settings));
        process = start();
        Runtime.getRuntime().addShutdownHook(new Thread(this::kill));
    }

    private Process start() {
        try {
            Process started = new ProcessBuilder(command).inheritIO().start();
            await().atMost(Duration.ofSeconds(10)).until(this::accepts);
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException("redis-server does not start (apt-get install redis-server)", e);
        }
    }

    private boolean accepts() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Where it is. */
    public String uri() {
        return "redis://127.0.0.1:" + port;
    }

    /** Opens the log of a hub that was not there before. */
    public RedisLog open(Retention retention, @Nullable InstantSource clock) {
        return open("hub-" + HUBS.incrementAndGet(), retention, clock);
    }

    /** Opens the log of this hub. */
    public RedisLog open(String hub, Retention retention, @Nullable InstantSource clock) {
        return RedisLog.open(new RedisSettings(uri(), hub, Duration.ofSeconds(5)), retention, clock);
    }

    /** Ends it without a word. */
    public void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    /** Starts it again, with what it has on disk. */
    public void startAgain() {
        process = start();
    }

    @Override
    public void close() {
        kill();
        try (var files = Files.walk(directory)) {
            files.sorted(java.util.Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
