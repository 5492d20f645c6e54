package dev.fanfare.server;

import dev.fanfare.http.Problem;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
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
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection: its requests in, their answers out in the same order.
 *
 * <p>Publishes that follow one another on a connection are appended as they come, however long their answers take; any other request
 * waits until all before it are answered. While {@value #MOST_UNANSWERED} answers are due, or the client does not read its answers,
 * nothing more is read. Confined to its event loop.
 */
final class Connection extends ChannelInboundHandlerAdapter {

    private static final int MOST_UNANSWERED = 256;
    private static final ByteBuf CONTINUE = Unpooled.unreleasableBuffer(
            Unpooled.copiedBuffer("HTTP/1.1 100 Continue\r\n\r\n", StandardCharsets.US_ASCII));

    private final Channel channel;
    private final Server server;
    private final Worker worker;
    /** Requests without an answer, in order. Nothing follows one that is no publish. */
    private final Deque<Exchange> unanswered = new ArrayDeque<>();
    /** Parts of requests that may not be begun yet. */
    private final Queue<HttpObject> held = new ArrayDeque<>();
    /** The request whose body is coming in. */
    private @Nullable Exchange receiving;

    private @Nullable ByteBuf body;
    private long deadline;
    private boolean midRequest;
    private boolean reading;
    private boolean takingHeld;
    /** No request is taken any more; the connection closes with its last answer. */
    private boolean closing;

    private boolean stream;

    Connection(Channel channel, Server server, Worker worker) {
        this.channel = channel;
        this.server = server;
        this.worker = worker;
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
        releaseBody();
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
        }
    }

    /** The time for what is awaited is up. */
    void expire() {
        if (closing) {
            channel.close();
        } else if (midRequest && held.isEmpty()) {
            refuse(new Problem(
                    408, "Request timeout", "the request did not arrive within limits.request-time; send it faster"));
        } else if (unanswered.isEmpty() && held.isEmpty()) {
            channel.close();
        } else {
            deadline = worker.idleDeadline();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        reading = true;
        HttpObject part = (HttpObject) message;
        if (closing || stream) {
            ReferenceCountUtil.release(part);
        } else if (mustWait() || !held.isEmpty()) {
            held.add(part);
        } else {
            take(part);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        reading = false;
        channel.flush();
        readMoreOrNot();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        readMoreOrNot();
    }

    /** Whether the next request must not be begun. */
    private boolean mustWait() {
        if (receiving != null || unanswered.isEmpty()) {
            return false;
        }
        return unanswered.size() >= MOST_UNANSWERED || !unanswered.getLast().isPublish();
    }

    private void readMoreOrNot() {
        if (!stream) {
            channel.config().setAutoRead(closing || held.isEmpty() && channel.isWritable());
        }
    }

    private void take(HttpObject part) {
        try {
            if (part.decoderResult().isFailure()) {
                refuse(malformed(part.decoderResult().cause()));
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

    private static Problem malformed(Throwable cause) {
        if (cause instanceof TooLongHttpLineException) {
            return new Problem(
                    414,
                    "URI too long",
                    "the request line is longer than limits.head-bytes; name fewer topics, or a pattern");
        }
        if (cause instanceof TooLongHttpHeaderException) {
            return new Problem(431, "Request header fields too large", "the headers are larger than limits.head-bytes");
        }
        return Problem.badRequest("this is not an HTTP/1.1 request: " + cause.getMessage());
    }

    private void begin(HttpRequest head) {
        Exchange exchange = new Exchange(this, new Request(head));
        receiving = exchange;
        unanswered.add(exchange);
        try {
            server.routes().check(exchange.request);
            if (HttpUtil.getContentLength(head, 0L) > server.settings().eventBytes()) {
                throw tooLarge();
            }
            if (HttpUtil.is100ContinueExpected(head) && unanswered.size() == 1) { // it must not overtake an answer
                channel.writeAndFlush(CONTINUE.duplicate());
            }
        } catch (NumberFormatException e) {
            refuse(Problem.badRequest("Content-Length is not a number"));
        } catch (Problem problem) {
            if (HttpUtil.isTransferEncodingChunked(head) || HttpUtil.getContentLength(head, 0L) > 0) {
                refuse(problem);
            } else {
                exchange.started = true;
                exchange.answer(problem);
            }
        }
    }

    private Problem tooLarge() {
        return new Problem(
                413,
                "Event too large",
                "an event's data may have " + server.settings().eventBytes()
                        + " bytes (limits.event-bytes); send less, or a link to it");
    }

    private void receive(HttpContent content, Exchange exchange) {
        if (!exchange.started && content.content().isReadable()) {
            append(content.content());
        }
        if (content instanceof LastHttpContent && !closing) {
            received(exchange);
        }
    }

    private void append(ByteBuf bytes) {
        int size = body == null ? 0 : body.readableBytes();
        if (size + bytes.readableBytes() > server.settings().eventBytes()) {
            refuse(tooLarge());
        } else if (body == null) {
            body = bytes.retain();
        } else if (body instanceof CompositeByteBuf parts) {
            parts.addComponent(true, bytes.retain());
        } else {
            body = channel.alloc()
                    .compositeBuffer(1024)
                    .addComponent(true, body)
                    .addComponent(true, bytes.retain());
        }
    }

    private void received(Exchange exchange) {
        receiving = null;
        midRequest = false;
        deadline = worker.idleDeadline();
        if (!exchange.started) {
            exchange.body = body == null ? Unpooled.EMPTY_BUFFER : body;
            body = null;
            if (exchange.isPublish() || unanswered.peek() == exchange) {
                start(exchange);
            }
        }
    }

    private void start(Exchange exchange) {
        exchange.started = true;
        server.routes().handle(exchange);
    }

    private void releaseBody() {
        if (body != null) {
            body.release();
            body = null;
        }
    }

    /** Answers with a problem and closes, since what follows on this connection is not worth understanding. */
    private void refuse(Problem problem) {
        closing = true;
        deadline = worker.requestDeadline();
        releaseBody();
        Exchange exchange = receiving;
        if (exchange == null || exchange.started) {
            exchange = new Exchange(this, Exchange.UNREADABLE);
            unanswered.add(exchange);
        }
        receiving = null;
        exchange.started = true;
        exchange.keepAlive = false;
        exchange.answer(problem);
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
        takeHeld();
        if (!reading && !stream) {
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
            deadline = worker.requestDeadline();
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
        EventStream events = new EventStream(channel, server, head, !exchange.request.http11);
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
