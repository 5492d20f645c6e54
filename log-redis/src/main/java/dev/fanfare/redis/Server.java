package dev.fanfare.redis;

import dev.fanfare.hub.AppendRefused;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.RedisPubSubListener;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.Delay;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.channel.Channel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The Redis server as a node sees it, or the one that Sentinel says is the master: a connection for appends, one for questions, and one
 * that waits for new entries. They come back by themselves; while they are away, what is sent fails at once.
 */
final class Server implements AutoCloseable {

    private static final int THREADS = 2;
    private static final int MOST_REQUESTS = 10_000;
    private static final Duration LONGEST_CONNECT = Duration.ofSeconds(10);
    /** So long at most until it is tried again whether the server is back. */
    private static final Duration LONGEST_AWAY = Duration.ofSeconds(1);

    private final RedisSettings settings;
    private final @Nullable InstantSource clock;
    private final RedisURI uri;
    private final String name;
    private final ClientResources resources;
    private final RedisClient client;
    private final StatefulRedisConnection<String, String> appending;
    private final StatefulRedisConnection<String, String> asking;
    private final StatefulRedisConnection<String, String> following;
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final AtomicLong renewed = new AtomicLong(System.nanoTime());
    private final String[] keys;
    /** The newest position this node has seen: none that it is given later is below. */
    private final AtomicLong seen = new AtomicLong();

    private volatile boolean closed;

    /** Connects, which blocks. */
    Server(RedisSettings settings, @Nullable InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        this.keys = new String[] {settings.prefix()};
        this.uri = uri(settings);
        this.name = name(uri);
        SslOptions ssl = ssl(settings.tls());
        this.resources = DefaultClientResources.builder()
                .ioThreadPoolSize(THREADS)
                .computationThreadPoolSize(THREADS)
                .reconnectDelay(Delay.exponential(Duration.ZERO, LONGEST_AWAY, 2, TimeUnit.MILLISECONDS))
                .nettyCustomizer(new NettyCustomizer() {
                    @Override
                    public void afterChannelInitialized(Channel channel) {
                        channels.add(channel);
                    }
                })
                .build();
        this.client = RedisClient.create(resources, uri);
        Duration connect = settings.timeout().compareTo(LONGEST_CONNECT) < 0 ? settings.timeout() : LONGEST_CONNECT;
        ClientOptions options = ClientOptions.builder()
                .requestQueueSize(MOST_REQUESTS)
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .timeoutOptions(TimeoutOptions.enabled(settings.timeout()))
                .socketOptions(SocketOptions.builder()
                        .connectTimeout(connect)
                        .keepAlive(true)
                        .build())
                .sslOptions(ssl)
                .build();
        try {
            client.setOptions(options);
            this.asking = client.connect();
            this.following = client.connect();
            // appends are repeated by who makes them, and never by the driver
            client.setOptions(options.mutate().replayFilter(command -> true).build());
            this.appending = client.connect();
            client.setOptions(options);
            Fitness.check(asking.sync(), name);
            for (Script script : Script.values()) {
                asking.sync().scriptLoad(script.source());
            }
        } catch (RedisException e) {
            shutDown();
            throw new RedisLogException(name + " cannot be used: " + message(e) + Fitness.hint(e), e);
        } catch (RedisLogException e) {
            shutDown();
            throw e;
        }
    }

    private static RedisURI uri(RedisSettings settings) {
        try {
            RedisURI uri = RedisURI.create(settings.uri());
            uri.setTimeout(settings.timeout());
            String password = settings.sentinelPassword();
            if (password != null) {
                uri.getSentinels().forEach(sentinel -> sentinel.setAuthentication(password));
            }
            return uri;
        } catch (IllegalArgumentException e) { // whose message may have the password
            throw new RedisLogException("the address of the Redis server is none (expected: "
                    + "redis://[[user]:password@]host[:port][/database], with rediss: for TLS, or "
                    + "redis-sentinel://[[user]:password@]host[:port],host[:port]#master)");
        }
    }

    private static String name(RedisURI uri) {
        if (uri.getSentinels().isEmpty()) {
            return "Redis at " + uri.getHost() + ":" + uri.getPort();
        }
        return "Redis (master '" + uri.getSentinelMasterId() + "' of the sentinels "
                + uri.getSentinels().stream()
                        .map(sentinel -> sentinel.getHost() + ":" + sentinel.getPort())
                        .collect(Collectors.joining(", "))
                + ")";
    }

    private static SslOptions ssl(RedisSettings.Tls tls) {
        SslOptions.Builder options = SslOptions.builder();
        if (tls.ca() != null) {
            options.trustManager(pem("redis.ca", tls.ca(), "certificates"));
        }
        if (tls.certificate() != null && tls.key() != null) {
            options.keyManager(
                    pem("redis.cert", tls.certificate(), "certificates"),
                    pem("redis.key", tls.key(), "a key, in PKCS #8 and without a password"),
                    new char[0]);
        }
        return options.build();
    }

    private static File pem(String setting, Path file, String of) {
        if (!Files.isReadable(file)) {
            throw new RedisLogException(setting + ": " + file + " cannot be read (expected: a PEM file of " + of + ")");
        }
        return file.toFile();
    }

    /** Makes threads that do not keep the process alive. */
    static ThreadFactory daemon(String name) {
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    RedisSettings settings() {
        return settings;
    }

    String[] keys() {
        return keys;
    }

    StatefulRedisConnection<String, String> appending() {
        return appending;
    }

    StatefulRedisConnection<String, String> following() {
        return following;
    }

    /** A connection of its own for what others publish to channels. */
    CompletableFuture<StatefulRedisPubSubConnection<String, byte[]>> subscriber() {
        return client.connectPubSubAsync(RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE), uri)
                .toCompletableFuture();
    }

    boolean isClosed() {
        return closed;
    }

    /** What every script is told first. */
    List<String> arguments() {
        List<String> arguments = new ArrayList<>();
        arguments.add(clock == null ? "" : Long.toString(clock.millis()));
        arguments.add(Reply.hex(seen.get()));
        return arguments;
    }

    /** The newest position this node has seen. */
    long seen() {
        return seen.get();
    }

    void seen(long position) {
        seen.accumulateAndGet(position, Math::max);
    }

    /**
     * Gives the connections up, since what does not answer, or is no master any more, may not be whom to ask now. They come back by
     * themselves. Not more often than answers may take.
     *
     * @return whether they were given up
     */
    boolean renew() {
        long now = System.nanoTime();
        long last = renewed.get();
        boolean due = now - last >= settings.timeout().toNanos() && renewed.compareAndSet(last, now);
        if (due) {
            channels.close();
        }
        return due;
    }

    /** Runs a script whose place among others does not matter. */
    CompletableFuture<Reply> ask(Script script, String... more) {
        return ask(script, true, more);
    }

    /** Runs a script before those of later calls; one that the server has forgotten fails, and is there for the next. */
    CompletableFuture<Reply> askInOrder(Script script, String... more) {
        return ask(script, false, more);
    }

    private CompletableFuture<Reply> ask(Script script, boolean again, String... more) {
        if (closed) {
            return CompletableFuture.failedFuture(closedLog());
        }
        List<String> arguments = arguments();
        arguments.addAll(List.of(more));
        String[] all = arguments.toArray(String[]::new);
        CompletableFuture<Reply> answer = new CompletableFuture<>();
        CompletionStage<List<Object>> first =
                asking.async().evalsha(script.digest(), ScriptOutputType.MULTI, keys, all);
        first.whenComplete((parts, failure) -> {
            if (isNoScript(failure) && again) {
                CompletionStage<List<Object>> second =
                        asking.async().eval(script.source(), ScriptOutputType.MULTI, keys, all);
                second.whenComplete((others, failed) -> complete(answer, others, failed));
            } else {
                if (isNoScript(failure)) {
                    asking.async().scriptLoad(script.source());
                }
                complete(answer, parts, failure);
            }
        });
        return answer;
    }

    /** A Pub/Sub channel of the hub's; channels know no databases, so the database is part of the name. */
    String channel(String name) {
        return settings.prefix() + uri.getDatabase() + ":" + name;
    }

    /** Sends a message; how many connections have been given it. */
    CompletableFuture<Long> publish(String channel, String message) {
        return closed
                ? CompletableFuture.failedFuture(closedLog())
                : asking.async().publish(channel, message).toCompletableFuture();
    }

    /** Hears messages on a connection of its own, again after a loss of it. Blocks until that is so. */
    StatefulRedisPubSubConnection<String, String> subscribe(
            RedisPubSubListener<String, String> listener, String... channels) {
        try {
            StatefulRedisPubSubConnection<String, String> connection = client.connectPubSub();
            connection.addListener(listener);
            connection.sync().subscribe(channels);
            return connection;
        } catch (RedisException e) {
            throw new RedisLogException(name + " cannot be used: " + message(e), e);
        }
    }

    private void complete(CompletableFuture<Reply> answer, @Nullable List<Object> parts, @Nullable Throwable failure) {
        if (failure != null || parts == null) {
            lookAfter(failure);
            answer.completeExceptionally(refused(failure));
        } else {
            answer.complete(new Reply(parts));
        }
    }

    /** Gives the connections up if there is no answer on one, or none that a master gives. */
    void lookAfter(@Nullable Throwable failure) {
        if (cause(failure) instanceof RedisCommandTimeoutException || isReadOnly(failure)) {
            renew();
        }
    }

    /** Whether the server has forgotten its scripts: it was started again. */
    static boolean isNoScript(@Nullable Throwable failure) {
        return cause(failure) instanceof RedisNoScriptException;
    }

    /** What the server said to refuse a command; null if it did not. */
    static @Nullable String refusal(@Nullable Throwable failure) {
        return cause(failure) instanceof RedisCommandExecutionException refused ? message(refused) : null;
    }

    /** Whether the server is a replica: the master is another now. */
    static boolean isReadOnly(@Nullable Throwable failure) {
        return isError(failure, "READONLY ");
    }

    private static boolean isError(@Nullable Throwable failure, String code) {
        return cause(failure) instanceof RedisCommandExecutionException error
                && message(error).contains(code); // before Redis 7 a script's comes with more in front
    }

    private static @Nullable Throwable cause(@Nullable Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    private static String message(Throwable failure) {
        Throwable last = failure;
        while (last.getCause() != null) {
            last = last.getCause();
        }
        return last.getMessage() == null ? last.toString() : last.getMessage();
    }

    /** What a failure of the server's means to those who use the log. */
    AppendRefused refused(@Nullable Throwable failure) {
        Throwable cause = cause(failure);
        if (cause instanceof AppendRefused refused) {
            return refused;
        }
        if (closed) {
            return closedLog();
        }
        if (isError(cause, "OOM command")) {
            return new AppendRefused(
                    AppendRefused.Reason.NO_ROOM,
                    name + " is at its maxmemory; raise it, or lower retention.bytes or retention.age");
        }
        String message = reason(cause);
        if (isError(cause, "FANFARE-FORMAT ")) {
            return new AppendRefused(AppendRefused.Reason.UNAVAILABLE, Fitness.newerFormat(settings.hub(), message));
        }
        return new AppendRefused(
                AppendRefused.Reason.UNAVAILABLE, name + " did not answer (" + message + "); try again");
    }

    /** Why there is no answer, in a few words. */
    String reason(@Nullable Throwable failure) {
        Throwable cause = cause(failure);
        return cause == null || cause instanceof TimeoutException || cause instanceof RedisCommandTimeoutException
                ? "within " + settings.timeout().toMillis() + " ms"
                : message(cause);
    }

    AppendRefused lostEntries() {
        return new AppendRefused(
                AppendRefused.Reason.UNAVAILABLE, name + " has lost what was appended last; try again");
    }

    static AppendRefused closedLog() {
        return new AppendRefused(AppendRefused.Reason.UNAVAILABLE, "the log is closed");
    }

    @Override
    public void close() {
        closed = true;
        shutDown();
    }

    private void shutDown() {
        client.shutdown(0, 1, TimeUnit.SECONDS);
        resources.shutdown(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }

    /** Which it is, for messages; without its password. */
    @Override
    public String toString() {
        return name;
    }
}
