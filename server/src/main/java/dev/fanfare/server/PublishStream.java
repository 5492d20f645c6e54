package dev.fanfare.server;

import dev.fanfare.auth.AuthRefused;
import dev.fanfare.http.OrderedAppends;
import dev.fanfare.http.Problem;
import dev.fanfare.http.Published;
import dev.fanfare.http.StreamedBody;
import dev.fanfare.http.StreamedPublish;
import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicEnded;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A streaming publish: takes its request's body apart as it comes, hands the events to the log in order, and answers once, when the
 * log has all that came before the body's end, the first fault, the silence or the topic's end, whichever is first. Its connection
 * reads nothing more while {@link #isFull}. Confined to its connection's event loop.
 */
final class PublishStream {

    private static final System.Logger LOG = System.getLogger(PublishStream.class.getName());

    private final Exchange exchange;
    private final Hub hub;
    private final StreamedBody body;
    private final OrderedAppends appends;
    /** The topic to end with the body, or null. */
    private final @Nullable Topic ending;

    private final boolean repeatable;

    private final @Nullable AutoCloseable endListener;

    /** Events of the body so far, and those that were counted towards the client's rate. */
    private int events;

    private int counted;
    /** More was published than may be in the time: the body is read no further. */
    private boolean pausing;

    private boolean feeding;
    private boolean bodyEnded;
    /** Why nothing more of the body counts. */
    private @Nullable Problem problem;

    private boolean topicEnded;
    /** The topic is not to be ended, since the request comes again. */
    private boolean goesOn;

    private boolean gone;
    private boolean settled;

    PublishStream(Exchange exchange, Hub hub, StreamedPublish asked) {
        this.exchange = exchange;
        this.hub = hub;
        this.ending = asked.ends() ? asked.topic() : null;
        this.repeatable = asked.key() != null;
        this.appends = new OrderedAppends(hub.log(), exchange::onLoop, this::progressed);
        this.body = asked.body(exchange.connection.server().settings().eventBytes(), this::add);
        this.endListener = asked.topic() == null
                ? null
                : hub.onEnd(
                        asked.topic(),
                        () -> exchange.connection.worker().eventLoop().execute(this::topicEnded));
    }

    /** Whether as much as may be waits for the log. */
    boolean isFull() {
        return !isOver() && (pausing || appends.isFull());
    }

    /** Whether what may still come of the body counts for nothing. */
    private boolean isOver() {
        return problem != null || appends.failure() != null || settled;
    }

    private void add(Publication publication) {
        events++;
        appends.add(publication);
    }

    /** Has the connection read no further when the client has published more than it may. */
    private void slowDown() {
        Server server = exchange.connection.server();
        long pause = server.admission().publishPause(exchange.client(), events - counted);
        counted = events;
        if (pause > 0 && !pausing && !bodyEnded) {
            pausing = true;
            server.counters().publishesSlowed.increment();
            exchange.connection
                    .worker()
                    .eventLoop()
                    .schedule(
                            () -> {
                                pausing = false;
                                progressed();
                            },
                            pause,
                            TimeUnit.NANOSECONDS);
        }
    }

    /** The body goes on. */
    void content(ByteBuf bytes) {
        if (isOver() || !bytes.isReadable() || !isStillAllowed()) {
            return;
        }
        feeding = true;
        try {
            int length = bytes.readableBytes();
            if (bytes.hasArray()) {
                body.feed(bytes.array(), bytes.arrayOffset() + bytes.readerIndex(), length);
            } else {
                byte[] copy = exchange.connection.worker().scratch(length);
                bytes.readBytes(copy, 0, length);
                body.feed(copy, 0, length);
            }
        } catch (Problem found) {
            problem = found;
        } finally {
            feeding = false;
        }
    }

    /** Whether the credential that it was begun with is good yet. A producer with a key goes on with another, so its topic stays open. */
    private boolean isStillAllowed() {
        AuthRefused lost = exchange.connection.server().access().lost(exchange.caller);
        if (lost != null) {
            goesOn = repeatable;
            problem = Problem.of(lost);
        }
        return lost == null;
    }

    /** For now, that is all that has come. */
    void contentPaused() {
        slowDown();
        appends.flush();
        settle();
    }

    /** The body has come to its proper end. */
    void bodyEnded() {
        bodyEnded = true;
        if (!isOver()) {
            feeding = true;
            try {
                body.end();
            } catch (Problem found) {
                problem = found;
            } finally {
                feeding = false;
            }
        }
        contentPaused();
    }

    /** The body broke off: nothing came for too long, or what came is no HTTP. */
    void broken(Problem why) {
        if (!isOver()) {
            problem = why;
        }
        contentPaused();
    }

    /**
     * The node stops. A producer with a key goes on with it, here after the restart or on another node, so its topic stays open; any
     * other topic that was to end with the body ends as aborted.
     */
    void stop(Problem why) {
        goesOn = repeatable && !isOver();
        broken(why);
    }

    /** Takes what had come when the connection was lost, and was held while the log had enough. */
    void takeLast(Iterable<HttpObject> held) {
        for (HttpObject part : held) {
            if (part.decoderResult().isFailure()) {
                return;
            }
            if (part instanceof HttpContent content) {
                content(content.content());
            }
            if (part instanceof LastHttpContent) {
                bodyEnded();
                return;
            }
        }
    }

    /** The client has gone. Lines that have ended are still published. */
    void clientGone() {
        gone = true;
        contentPaused();
    }

    private void topicEnded() {
        if (settled || bodyEnded && appends.isIdle()) {
            return;
        }
        topicEnded = true;
        if (problem == null && !bodyEnded) {
            appends.drop();
            problem = new Problem(
                    409, "Topic has ended", "the topic was ended or cancelled while this was sending; stop here");
        }
        settle();
    }

    private void progressed() {
        if (!feeding) {
            exchange.connection.streamProgressed(this);
            settle();
        }
    }

    /** Ends this when its outcome is known. */
    private void settle() {
        Throwable failure = appends.failure();
        if (settled || feeding || !appends.isIdle() || !(bodyEnded || gone || isOver())) {
            return;
        }
        settled = true;
        stopListening();
        Published published = appends.published();
        Problem why = failure == null ? problem : Exchange.problem(failure).at(body.place(published.events() + 1));
        boolean whole = bodyEnded && why == null;
        endTopic(whole, failure)
                .whenComplete((done, endFailure) -> exchange.onLoop(() -> {
                    if (why != null) {
                        answer(why.after(published));
                    } else if (endFailure != null) {
                        answer(Exchange.problem(endFailure)
                                .at("all events are published, but the topic has not ended")
                                .after(published));
                    } else if (whole) {
                        exchange.answer(200, published.body());
                    }
                }));
    }

    private CompletionStage<?> endTopic(boolean whole, @Nullable Throwable failure) {
        boolean ended = topicEnded
                || failure instanceof AppendRefused refused && refused.reason() == AppendRefused.Reason.ENDED;
        return ending == null || ended || goesOn && !whole
                ? CompletableFuture.completedFuture(null)
                : hub.end(ending, whole ? TopicEnded.Reason.DONE : TopicEnded.Reason.ABORTED);
    }

    private void answer(Problem answer) {
        if (bodyEnded) {
            exchange.answer(answer);
        } else {
            exchange.connection.answerAndClose(exchange, answer);
        }
    }

    private void stopListening() {
        if (endListener != null) {
            try {
                endListener.close();
            } catch (Exception e) {
                LOG.log(System.Logger.Level.WARNING, "a streaming publish still listens for its topic's end", e);
            }
        }
    }
}
