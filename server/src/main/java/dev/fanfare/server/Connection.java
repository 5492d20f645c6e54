package dev.fanfare.server;

import static java.util.Objects.requireNonNull;

import dev.fanfare.auth.Caller;
import dev.fanfare.http.Problem;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection: its requests in, their answers out in the same order.
 *
 * <p>Publishes that follow one another on a connection are appended as they come, however long their answers take; any other request
 * waits until all before it are answered, and so does what follows a streaming publish, whose body is taken as it comes. While {@value #MOST_UNANSWERED} answers are due, or the client does not read its answers,
 * nothing more is read. Confined to its event loop.
 */
final class Connection extends ChannelInboundHandlerAdapter {

    private static final int MOST_UNANSWERED = 256;
    private static final ByteBuf CONTINUE = Unpooled.unreleasableBuffer(
            Unpooled.copiedBuffer("HTTP/1.1 100 Continue\r\n\r\n", StandardCharsets.US_ASCII));

    private final Channel channel;
    private final Server server;
    private final Worker worker;
    private final Door door;
    /** Requests without an answer, in order. Nothing follows one that is no publish. */
    private final Deque<Exchange> unanswered = new ArrayDeque<>();
    /** Parts of requests that may not be begun yet. */
    private final Queue<HttpObject> held = new ArrayDeque<>();
    /** The request whose body is coming in. */
    private @Nullable Exchange receiving;

    private final GatheredBody body;
    private long deadline;
    private boolean midRequest;
    private boolean reading;
    private boolean takingHeld;
    /** Who sends the request that is coming in is not known yet. */
    private boolean identifying;

    /** No request is taken any more; the connection closes with its last answer. */
    private boolean closing;

    private boolean stream;

    /** A connection that came in by this door. */
    Connection(Channel channel, Server server, Worker worker, Door door) {
        this.channel = channel;
        this.door = door;
        this.server = server;
        this.worker = worker;
        this.body = new GatheredBody(channel.alloc());
        this.deadline = worker.idleDeadline();
    }

    Server server() {
        return server;
    }

    Channel channel() {
        return channel;
    }

    Worker worker() {
        return worker;
    }

    long deadline() {
        return deadline;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        worker.add(this);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        worker.remove(this);
        body.release();
        PublishStream publish = receivingStream();
        if (publish != null) {
            publish.takeLast(held);
        }
        held.forEach(ReferenceCountUtil::release);
        held.clear();
        unanswered.forEach(Exchange::abandon);
        unanswered.clear();
    }

    /** Bytes have come; the first ones of a request start its time. */
    void bytesCame() {
        if (!midRequest) {
            midRequest = true;
            deadline = worker.requestDeadline();
        } else if (receivingStream() != null) {
            deadline = worker.publishDeadline();
        }
    }

    /** The streaming publish whose body is coming in, or null. */
    private @Nullable PublishStream receivingStream() {
        return receiving == null ? null : receiving.stream;
    }

    /** The time for what is awaited is up. */
    void expire() {
        PublishStream publish = receivingStream();
        if (closing) {
            channel.close();
        } else if (publish != null) {
            deadline = worker.publishDeadline();
            if (held.isEmpty() && !publish.isFull()) {
                publish.broken(Refusals.silent(server.settings()));
            }
        } else if (midRequest && held.isEmpty()) {
            refuse(Refusals.tooSlow());
        } else if (unanswered.isEmpty() && held.isEmpty()) {
            channel.close();
        } else {
            deadline = worker.idleDeadline();
        }
    }

    /** The node stops: what was asked is answered, and nothing more is taken. */
    void stop() {
        PublishStream publish = receivingStream();
        Exchange newest = unanswered.peekLast();
        if (newest != null) {
            newest.keepAlive = false;
        }
        if (publish != null) {
            publish.stop(Refusals.stopping());
        } else if (newest == null) {
            channel.close();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        reading = true;
        if (closing || stream) {
            ReferenceCountUtil.release(message); // no part of a request, when the codec left with bytes that it had
            return;
        }
        HttpObject part = (HttpObject) message;
        if (mustWait() || !held.isEmpty()) {
            held.add(part);
            channel.config().setAutoRead(false);
        } else {
            take(part);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        reading = false;
        pauseBody();
        channel.flush();
        readMoreOrNot();
    }

    /** All that has come is taken, or held. */
    private void pauseBody() {
        PublishStream publish = receivingStream();
        if (publish != null) {
            publish.contentPaused();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        readMoreOrNot();
    }

    /** Whether the next part must not be taken: the log has enough of this body, or the next request must not be begun. */
    private boolean mustWait() {
        if (identifying) {
            return true;
        }
        PublishStream publish = receivingStream();
        if (publish != null) {
            return publish.isFull();
        }
        if (receiving != null || unanswered.isEmpty()) {
            return false;
        }
        return unanswered.size() >= MOST_UNANSWERED || !unanswered.getLast().isPublish();
    }

    private void readMoreOrNot() {
        if (!stream) {
            PublishStream publish = receivingStream();
            boolean wanted = held.isEmpty() && channel.isWritable() && (publish == null || !publish.isFull());
            channel.config().setAutoRead(closing || wanted);
        }
    }

    private void take(HttpObject part) {
        try {
            if (part.decoderResult().isFailure()) {
                refuseOrBreak(Refusals.malformed(part.decoderResult().cause()));
                return;
            }
            if (part instanceof HttpRequest head) {
                begin(head);
            }
            if (part instanceof HttpContent content && !closing && receiving != null) {
                receive(content, receiving);
            }
        } finally {
            ReferenceCountUtil.release(part);
        }
    }

    private void begin(HttpRequest head) {
        Exchange exchange = new Exchange(this, new Request(head));
        receiving = exchange;
        unanswered.add(exchange);
        CompletableFuture<Caller> caller;
        try {
            server.gate().check(exchange.request, door);
            caller = server.gate().identify(exchange).toCompletableFuture();
        } catch (RuntimeException e) {
            refuseEarly(exchange, Exchange.problem(e));
            return;
        }
        if (caller.isDone()) {
            caller.whenComplete((who, failure) -> identified(exchange, who, failure));
        } else {
            identifying = true;
            caller.whenComplete((who, failure) -> exchange.onLoop(() -> identifiedLater(exchange, who, failure)));
        }
    }

    private void identifiedLater(Exchange exchange, @Nullable Caller caller, @Nullable Throwable failure) {
        identifying = false;
        if (exchange != receiving || !channel.isActive()) {
            exchange.closeOpening(); // the client has gone, or has been given up
        } else {
            identified(exchange, caller, failure);
            takeHeld();
            pauseBody();
            channel.flush();
            readMoreOrNot();
        }
    }

    private void identified(Exchange exchange, @Nullable Caller caller, @Nullable Throwable failure) {
        if (caller == null) {
            Problem problem = Exchange.problem(requireNonNull(failure));
            if (problem.status() == 503 && Gate.isStream(exchange.request)) { // which must not be told for good
                exchange.started = true;
                server.routes().refuseStream(exchange, Refusal.OVERLOAD);
            } else {
                refuseEarly(exchange, problem);
            }
            return;
        }
        exchange.caller = caller;
        HttpRequest head = exchange.request.head;
        try {
            server.routes().prepare(exchange);
            if (exchange.stream != null) {
                exchange.started = true;
                deadline = worker.publishDeadline();
            } else if (HttpUtil.getContentLength(head, 0L) > Refusals.mostBytes(exchange, server.settings())) {
                throw Refusals.tooLarge(exchange, server.settings());
            }
            exchange.continueDue = HttpUtil.is100ContinueExpected(head);
            continueIfDue();
        } catch (NumberFormatException e) {
            refuse(Problem.badRequest("Content-Length is not a number"));
        } catch (RuntimeException e) {
            refuseEarly(exchange, Exchange.problem(e));
        }
    }

    /** Refuses a request of which only the head is known; what might follow as its body ends the connection. */
    private void refuseEarly(Exchange exchange, Problem problem) {
        HttpRequest head = exchange.request.head;
        if (HttpUtil.isTransferEncodingChunked(head) || HttpUtil.getContentLength(head, 0L) > 0) {
            refuse(problem);
        } else {
            exchange.started = true;
            exchange.answer(problem);
        }
    }

    /** Has the client send a body that it holds back, unless that would overtake an answer. */
    private void continueIfDue() {
        Exchange first = unanswered.peek();
        if (first != null && first == receiving && first.continueDue) {
            first.continueDue = false;
            channel.writeAndFlush(CONTINUE.duplicate());
        }
    }

    private void receive(HttpContent content, Exchange exchange) {
        if (exchange.stream != null) {
            exchange.stream.content(content.content());
        } else if (!exchange.started && content.content().isReadable()) {
            gather(content.content(), exchange);
        }
        if (content instanceof LastHttpContent && !closing) {
            received(exchange);
        }
    }

    private void gather(ByteBuf bytes, Exchange exchange) {
        if (body.size() + bytes.readableBytes() > Refusals.mostBytes(exchange, server.settings())) {
            refuse(Refusals.tooLarge(exchange, server.settings()));
        } else {
            body.add(bytes);
        }
    }

    private void received(Exchange exchange) {
        receiving = null;
        midRequest = false;
        deadline = worker.idleDeadline();
        if (exchange.stream != null) {
            exchange.stream.bodyEnded();
        } else if (!exchange.started) {
            exchange.body = body.take();
            if (exchange.isPublish() || unanswered.peek() == exchange) {
                start(exchange);
            }
        }
    }

    private void start(Exchange exchange) {
        exchange.started = true;
        server.routes().handle(exchange);
    }

    private void refuseOrBreak(Problem problem) {
        PublishStream publish = receivingStream();
        if (publish == null) {
            refuse(problem);
        } else {
            publish.broken(problem);
        }
    }

    /** Answers with a problem and closes, since what follows on this connection is not worth understanding. */
    private void refuse(Problem problem) {
        Exchange exchange = receiving;
        if (exchange == null || exchange.started) {
            exchange = new Exchange(this, Exchange.UNREADABLE);
            unanswered.add(exchange);
        }
        answerAndClose(exchange, problem);
    }

    /** Answers the newest request before its body has come, of which nothing is looked at any more. */
    void answerAndClose(Exchange exchange, Problem problem) {
        closing = true;
        deadline = worker.requestDeadline();
        body.release();
        receiving = null;
        exchange.started = true;
        exchange.keepAlive = false;
        exchange.answer(problem);
    }

    /** The log has taken some of a streaming publish: what was held of its body goes on. */
    void streamProgressed(PublishStream publish) {
        if (publish == receivingStream()) {
            takeHeld();
            if (!reading && !takingHeld) {
                publish.contentPaused();
                readMoreOrNot();
            }
        }
    }

    /** An exchange has its answer: sends it, and those after it that were waiting for it. */
    void answered() {
        for (Exchange first = unanswered.peek(); first != null && first.answer != null; first = unanswered.peek()) {
            unanswered.remove();
            ByteBuf answer = first.answer;
            first.answer = null;
            if (!first.keepAlive) {
                sendLast(answer);
                return;
            }
            channel.write(answer);
        }
        Exchange first = unanswered.peek();
        if (first != null && !first.started && first != receiving) {
            start(first);
        }
        continueIfDue();
        takeHeld();
        if (!reading && !stream) {
            pauseBody();
            channel.flush();
            readMoreOrNot();
        }
    }

    /**
     * Sends a last answer and, when the client may still be sending, goes on taking and dropping that for a while: a socket closed
     * over unread bytes is reset, and the client would never see the answer.
     */
    private void sendLast(ByteBuf answer) {
        boolean wholeRequestRead = !closing;
        closing = true;
        deadline = worker.requestDeadline();
        channel.writeAndFlush(answer).addListener(sent -> {
            if (wholeRequestRead || !(channel instanceof DuplexChannel duplex)) {
                channel.close();
            } else {
                duplex.shutdownOutput();
                channel.config().setAutoRead(true);
            }
        });
    }

    private void takeHeld() {
        if (takingHeld) {
            return;
        }
        takingHeld = true;
        if (!held.isEmpty()) {
            deadline = receivingStream() == null ? worker.requestDeadline() : worker.publishDeadline();
        }
        while (!held.isEmpty() && !closing && !stream && !mustWait()) {
            take(held.remove());
        }
        takingHeld = false;
    }

    /** This connection becomes an event stream: the codec leaves, and with it all that requests need. */
    EventStream becomeStream(Exchange exchange, ByteBuf head) {
        stream = true;
        unanswered.clear();
        worker.remove(this);
        held.forEach(ReferenceCountUtil::release);
        held.clear();
        EventStream events = new EventStream(exchange, head);
        channel.config().setRecvByteBufAllocator(Server.STREAM_RECEIVE);
        channel.config().setAutoRead(true);
        channel.pipeline().remove(RequestDecoder.class);
        channel.pipeline().replace(this, null, events);
        return events;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        channel.close();
    }
}
