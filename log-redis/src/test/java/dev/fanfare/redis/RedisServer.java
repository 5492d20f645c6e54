package dev.fanfare.redis;

import static java.util.Objects.requireNonNull;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.Retention;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
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

    /** {@code valkey-server} does as well. */
    private static final String PROGRAM = System.getProperty("fanfare.redis-server", "redis-server");

    private static final AtomicInteger HUBS = new AtomicInteger();

    private final int port;
    private final List<String> command = new ArrayList<>();
    private final Path directory;
    private @Nullable Process process;

    /** Starts one, with these settings of redis.conf besides: {@code --appendonly yes}. */
    public RedisServer(String... settings) {
        this(free(), directory(), List.of());
        command.addAll(List.of("--port", Integer.toString(port), "--save", ""));
        command.addAll(List.of(settings));
        process = start();
    }

    private RedisServer(int port, Path directory, List<String> first) {
        this.port = port;
        this.directory = directory;
        command.add(PROGRAM);
        command.addAll(first);
        command.addAll(List.of("--bind", "127.0.0.1", "--dir", directory.toString(), "--logfile", "redis.log"));
        Runtime.getRuntime().addShutdownHook(new Thread(this::kill));
    }

    private static Path directory() {
        try {
            return Files.createTempDirectory("fanfare-redis");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int free() {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts one that speaks TLS only, and trusts this authority. */
    public static RedisServer withTls(Path certificate, Path key, Path authority, String... settings) {
        RedisServer server = new RedisServer(free(), directory(), List.of());
        server.command.addAll(List.of("--port", "0", "--tls-port", Integer.toString(server.port), "--save", ""));
        server.command.addAll(List.of("--tls-cert-file", certificate.toString(), "--tls-key-file", key.toString()));
        server.command.addAll(List.of("--tls-ca-cert-file", authority.toString(), "--tls-auth-clients", "no"));
        server.command.addAll(List.of(settings));
        server.process = server.start();
        return server;
    }

    /** Starts a sentinel with these lines of configuration, which it changes. */
    public static RedisServer sentinel(String... lines) {
        Path directory = directory();
        Path configuration = directory.resolve("sentinel.conf");
        try {
            Files.write(configuration, List.of(lines));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        RedisServer sentinel = new RedisServer(free(), directory, List.of(configuration.toString(), "--sentinel"));
        sentinel.command.addAll(List.of("--port", Integer.toString(sentinel.port)));
        sentinel.process = sentinel.start();
        return sentinel;
    }

    private Process start() {
        try {
            Process started = new ProcessBuilder(command).inheritIO().start();
            await().atMost(Duration.ofSeconds(10)).until(this::accepts);
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(PROGRAM + " does not start (apt-get install redis-server)", e);
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

    /** Where it listens. */
    public int port() {
        return port;
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
        return RedisLog.open(settings(hub, Duration.ofSeconds(5)), retention, clock);
    }

    /** What is told to a node that is to wait for answers so long. */
    public RedisSettings settings(String hub, Duration timeout) {
        return RedisSettings.of(uri()).withHub(hub).withTimeout(timeout);
    }

    /** Has it do something, and answers with what it says. */
    public String command(String... words) {
        List<String> all = new ArrayList<>(List.of("redis-cli", "-p", Integer.toString(port)));
        all.addAll(List.of(words));
        try {
            Process asked = new ProcessBuilder(all).redirectErrorStream(true).start();
            return new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends it without a word. */
    public void kill() {
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
            running.onExit().join();
        }
    }

    /** Lets it stand still, with its connections open, or go on. */
    public void signal(String name) {
        try {
            new ProcessBuilder(
                            "kill",
                            "-" + name,
                            Long.toString(requireNonNull(process).pid()))
                    .start()
                    .onExit()
                    .join();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
