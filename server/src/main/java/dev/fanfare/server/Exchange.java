package dev.fanfare.server;

import dev.fanfare.auth.AuthRefused;
import dev.fanfare.auth.Caller;
import dev.fanfare.auth.Opening;
import dev.fanfare.http.Problem;
import dev.fanfare.http.StreamedPublish;
import dev.fanfare.hub.AppendRefused;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** A request and, when it is there, its answer. Confined to its connection's event loop, but for {@link #fail}. */
final class Exchange {

    private static final System.Logger LOG = System.getLogger(Exchange.class.getName());

    /** Stands for a request that could not be read. */
    static final Request UNREADABLE =
            new Request(new DefaultHttpRequest(HttpVersion.HTTP_1_0, HttpMethod.valueOf("UNREADABLE"), "/"));

    final Connection connection;
    final Request request;
    /** Who asks; nobody of any rights until that is known. */
    Caller caller = Caller.NOBODY;
    /** What the ticket opened that it came with, until a stream has it. */
    @Nullable
    Opening opening;

    ByteBuf body = Unpooled.EMPTY_BUFFER;
    boolean started;
    /** What takes the body as it comes; null while it is gathered. */
    @Nullable
    PublishStream stream;
    /** What a JSON document of events asks for; null for anything else. */
    @Nullable
    StreamedPublish document;

    private @Nullable InetAddress address;

    /** Whether the client waits to be told to send the body. */
    boolean continueDue;

    @Nullable
    ByteBuf answer;
    /** Called when the client has gone before its answer came. */
    @Nullable
    Runnable onAbandon;

    /** Whether the connection goes on after the answer. */
    boolean keepAlive;

    Exchange(Connection connection, Request request) {
        this.connection = connection;
        this.request = request;
        this.keepAlive = request.keepAlive;
    }

    /** Whether it may be begun, and followed by another of its kind, while earlier ones have no answer. */
    boolean isPublish() {
        return request.method.equals("POST") && stream == null;
    }

    /** Whose request it is, for what one client may take. */
    Admission.Client client() {
        boolean unknown = caller.kind() == Caller.Kind.OPEN || caller.kind() == Caller.Kind.ANONYMOUS;
        return new Admission.Client(address(), caller.user(), unknown ? null : caller.name());
    }

    private InetAddress address() {
        InetAddress known = address;
        if (known == null) {
            InetAddress peer = connection.channel().remoteAddress() instanceof InetSocketAddress socket
                    ? socket.getAddress()
                    : InetAddress.getLoopbackAddress();
            known = connection.server().proxies().client(peer, request.head.headers());
            address = known;
        }
        return known;
    }

    ByteBufAllocator allocator() {
        return connection.channel().alloc();
    }

    Response response(int status) {
        return Response.of(status, this);
    }

    /** Does this on the connection's thread: now if this is it. */
    void onLoop(Runnable task) {
        if (connection.worker().eventLoop().inEventLoop()) {
            task.run();
        } else {
            connection.worker().eventLoop().execute(task);
        }
    }

    /** No stream is opened by this. */
    void closeOpening() {
        if (opening != null) {
            opening.close();
            opening = null;
        }
    }

    void answer(ByteBuf bytes) {
        closeOpening();
        body.release();
        body = Unpooled.EMPTY_BUFFER;
        if (!connection.channel().isActive()) {
            bytes.release();
            return;
        }
        answer = bytes;
        connection.answered();
    }

    void answer(int status, byte[] json) {
        answer(response(status).header("Cache-Control", "no-store").with(json, Response.JSON));
    }

    void answer(Problem problem) {
        connection.server().refused(problem);
        Response response = response(problem.status());
        String header = problem.headerName();
        String value = problem.headerValue();
        if (header != null && value != null) {
            response.header(header, value);
        }
        answer(response.with(problem.body(), Problem.CONTENT_TYPE));
    }

    /** Answers with what a failure means to a client; for any thread. */
    void fail(Throwable failure) {
        onLoop(() -> answer(problem(failure)));
    }

    /** What a failure means to a client. */
    static Problem problem(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof Problem problem) {
            return problem;
        }
        if (cause instanceof AuthRefused refused) {
            return Problem.of(refused);
        }
        if (cause instanceof AppendRefused refused) {
            String detail = String.valueOf(refused.getMessage());
            return switch (refused.reason()) {
                case KEY_CONFLICT -> new Problem(409, "Key used before", detail);
                case NO_ROOM, UNAVAILABLE -> Problem.unavailable(detail, 5);
                case ENDED -> new Problem(409, "Topic has ended", detail);
                case DISK_FULL -> new Problem(507, "Disk is full", detail);
            };
        }
        LOG.log(System.Logger.Level.ERROR, "a request failed", cause);
        return new Problem(500, "Internal error", "this is a fault of the node; its log says more");
    }

    void abandon() {
        closeOpening();
        if (answer != null) {
            answer.release();
            answer = null;
        }
        body.release();
        body = Unpooled.EMPTY_BUFFER;
        if (onAbandon != null) {
            onAbandon.run();
        }
    }
}
