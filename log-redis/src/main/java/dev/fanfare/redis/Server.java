package dev.fanfare.redis;

import dev.fanfare.hub.AppendRefused;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One Redis server as a node sees it: a connection for appends, one for questions, and one that waits for new entries. They come back by
 * themselves; while they are away, what is sent fails at once.
 */
final class Server implements AutoCloseable {

    private static final int THREADS = 2;
    private static final Duration LONGEST_CONNECT = Duration.ofSeconds(10);

    private final RedisSettings settings;
    private final @Nullable InstantSource clock;
    private final String address;
    private final ClientResources resources;
    private final RedisClient client;
    private final StatefulRedisConnection<String, String> appending;
    private final StatefulRedisConnection<String, String> asking;
    private final StatefulRedisConnection<String, String> following;
    private final String[] keys;
    /** The newest position this node has seen: none that it is given later is below. */
    private final AtomicLong seen = new AtomicLong();

    private volatile boolean closed;

    /** Connects, which blocks. */
    Server(RedisSettings settings, @Nullable InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        this.keys = new String[] {settings.prefix()};
        RedisURI uri = uri(settings);
        this.address = uri.getHost() + ":" + uri.getPort();
        this.resources = DefaultClientResources.builder()
                .ioThreadPoolSize(THREADS)
                .computationThreadPoolSize(THREADS)
                .build();
        this.client = RedisClient.create(resources, uri);
        Duration connect = settings.timeout().compareTo(LONGEST_CONNECT) < 0 ? settings.timeout() : LONGEST_CONNECT;
        client.setOptions(ClientOptions.builder()
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .timeoutOptions(TimeoutOptions.enabled(settings.timeout()))
                .socketOptions(SocketOptions.builder()
                        .connectTimeout(connect)
                        .keepAlive(true)
                        .build())
                .build());
        try {
            this.appending = client.connect();
            this.asking = client.connect();
            this.following = client.connect();
            Fitness.check(asking.sync(), address);
            for (Script script : Script.values()) {
                asking.sync().scriptLoad(script.source());
            }
        } catch (RedisException e) {
            shutDown();
            throw new RedisLogException("Redis at " + address + " cannot be used: " + message(e), e);
        } catch (RedisLogException e) {
            shutDown();
            throw e;
        }
    }

    private static RedisURI uri(RedisSettings settings) {
        try {
            RedisURI uri = RedisURI.create(settings.uri());
            uri.setTimeout(settings.timeout());
            return uri;
        } catch (IllegalArgumentException e) {
            throw new RedisLogException("the address of the Redis server is none: " + e.getMessage()
                    + " (expected: redis://[[user]:password@]host[:port][/database])");
        }
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

    boolean isClosed() {
        return closed;
    }

    /** Time by the node's own clock, where it has one; else the server's counts. */
    long millis() {
        return clock == null ? System.currentTimeMillis() : clock.millis();
    }

    /** What every script is told first. */
    List<String> arguments() {
        List<String> arguments = new ArrayList<>();
        arguments.add(clock == null ? "" : Long.toString(clock.millis()));
        arguments.add(Reply.hex(seen.get()));
        return arguments;
    }

    void seen(long position) {
        seen.accumulateAndGet(position, Math::max);
    }

    /** Runs a script whose place among others does not matter. */
    CompletableFuture<Reply> ask(Script script, String... more) {
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
            if (isNoScript(failure)) {
                CompletionStage<List<Object>> second =
                        asking.async().eval(script.source(), ScriptOutputType.MULTI, keys, all);
                second.whenComplete((again, failed) -> complete(answer, again, failed));
            } else {
                complete(answer, parts, failure);
            }
        });
        return answer;
    }

    private void complete(CompletableFuture<Reply> answer, @Nullable List<Object> parts, @Nullable Throwable failure) {
        if (failure != null || parts == null) {
            answer.completeExceptionally(refused(failure));
        } else {
            answer.complete(new Reply(parts));
        }
    }

    /** Whether the server has forgotten its scripts: it was started again. */
    static boolean isNoScript(@Nullable Throwable failure) {
        return cause(failure) instanceof RedisNoScriptException;
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
        String message = cause == null ? "no answer" : message(cause);
        if (cause instanceof RedisCommandExecutionException && message.startsWith("OOM")) {
            return new AppendRefused(
                    AppendRefused.Reason.NO_ROOM,
                    "Redis at " + address
                            + " is at its maxmemory; raise it, or lower retention.bytes or retention.age");
        }
        if (message.startsWith("FANFARE-FORMAT")) {
            return new AppendRefused(AppendRefused.Reason.UNAVAILABLE, Fitness.newerFormat(settings.hub(), message));
        }
        return new AppendRefused(
                AppendRefused.Reason.UNAVAILABLE,
                "Redis at " + address + " did not answer (" + message + "); try again");
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
}
