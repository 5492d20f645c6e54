package dev.fanfare.redis;

import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A subscription to the channels, on a connection of its own, under one lease: what it is given was published after that lease was.
 * Once it is closed it gives nothing on, so that of two feeds that follow one another no message comes twice.
 */
final class Feed extends RedisPubSubAdapter<String, byte[]> {

    private final String lease;
    private final Receiver receiver;
    private final CompletableFuture<StatefulRedisPubSubConnection<String, byte[]>> connection;
    private volatile boolean subscribed;
    private volatile boolean broken;
    private volatile @Nullable String refusal;
    private volatile boolean closed;

    /** Is given what comes; called on a thread of the connections, which must not be held up. */
    interface Receiver {
        void received(String lease, String channel, byte[] message);
    }

    private Feed(Server server, String lease, Receiver receiver) {
        this.lease = lease;
        this.receiver = receiver;
        this.connection = server.subscriber();
    }

    static Feed open(Server server, String lease, String[] channels, Receiver receiver) {
        Feed feed = new Feed(server, lease, receiver);
        feed.connection
                .thenCompose(connected -> {
                    connected.addListener(feed);
                    return connected.async().subscribe(channels);
                })
                .whenComplete((done, failure) -> {
                    feed.subscribed = failure == null;
                    feed.refusal = Server.refusal(failure);
                    feed.broken = failure != null;
                });
        return feed;
    }

    String lease() {
        return lease;
    }

    boolean isSubscribed() {
        return subscribed && !broken;
    }

    /** Whether it will give nothing any more; looked at by {@link #check}. */
    boolean isBroken() {
        return broken;
    }

    /** What the server said instead of subscribing; null for nothing. */
    @Nullable
    String refusal() {
        return refusal;
    }

    /** Finds a connection that is not there any more, or that nobody answers on. */
    void check() {
        if (subscribed) {
            connection.thenCompose(connected -> connected.async().ping()).whenComplete((pong, failure) -> {
                if (failure != null) {
                    broken = true;
                }
            });
        }
    }

    @Override
    public void message(String channel, byte[] message) {
        if (!closed) {
            receiver.received(lease, channel, message);
        }
    }

    void close() {
        closed = true;
        connection.thenAccept(StatefulConnection::closeAsync);
    }
}
