package dev.fanfare.server;

import dev.fanfare.auth.Caller;
import dev.fanfare.auth.Opening;
import dev.fanfare.hub.Batch;
import dev.fanfare.hub.Cursor;
import dev.fanfare.hub.EndCause;
import dev.fanfare.hub.Frame;
import dev.fanfare.hub.Sink;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 response that goes on: the sink of one cursor, and the only handler its channel has left.
 *
 * <p>With epoll a batch goes from the buffer that all streams share straight to the socket. What the socket does not take is not
 * queued: the frame it broke off in is finished through Netty, which also tells when the socket takes more, and the cursor lags from
 * there on. So a reader that has stalled pins one frame and what the kernel holds.
 */
final class EventStream extends ChannelInboundHandlerAdapter implements Sink, ChannelFutureListener {

    private static final ByteBuf LAST_CHUNK =
            Unpooled.unreleasableBuffer(Unpooled.copiedBuffer("0\r\n\r\n", StandardCharsets.US_ASCII));

    private final Channel channel;
    private final @Nullable FileDescriptor socket;
    private final Server server;
    private final Worker worker;
    private final Admission.Client client;
    /** Whether the length is told by closing and not by chunks, as for HTTP/1.0. */
    private final boolean closeDelimited;

    private final Caller caller;
    private final @Nullable Opening opening;
    private @Nullable Future<?> ending;
    private final long opened = System.currentTimeMillis();
    private @Nullable ByteBuf head;
    private @Nullable Cursor cursor;
    private boolean sending;
    private boolean ended;
    private boolean cut;
    /** The client of this one has read more of the past than it may for now. */
    private boolean pausing;
    /** While what was sent last has not left: how much is left, and the worker's second since when. */
    private long left;

    private long leftSince;

    /** A batch's bytes in one buffer, with chunk framing and, once an HTTP/1.0 stream has asked, without. */
    private static final class Bytes implements Batch.Carrier {
        private @Nullable ByteBuf chunked;
        private @Nullable ByteBuf bare;

        ByteBuf of(Batch batch, boolean closeDelimited, ByteBufAllocator allocator) {
            ByteBuf bytes = closeDelimited ? bare : chunked;
            if (bytes == null) {
                bytes = merged(batch.frames(), batch.bytes(), closeDelimited, allocator);
                if (closeDelimited) {
                    bare = bytes;
                } else {
                    chunked = bytes;
                }
            }
            return bytes;
        }

        private static ByteBuf merged(
                List<Frame> frames, int size, boolean closeDelimited, ByteBufAllocator allocator) {
            ByteBuf bytes = allocator.directBuffer(size, size);
            for (int i = 0; i < frames.size(); i++) {
                Frame frame = frames.get(i);
                int from = start(frame, closeDelimited);
                bytes.writeBytes(frame.bytes(), from, end(frame, closeDelimited) - from);
            }
            return bytes;
        }

        @Override
        public void release() {
            ReferenceCountUtil.release(chunked);
            ReferenceCountUtil.release(bare);
        }
    }

    /** A stream whose response head goes out with its first batch. */
    EventStream(Exchange exchange, ByteBuf head) {
        this.channel = exchange.connection.channel();
        this.socket = channel instanceof EpollSocketChannel epoll ? epoll.fd() : null;
        this.server = exchange.connection.server();
        this.worker = exchange.connection.worker();
        this.client = exchange.client();
        this.caller = exchange.caller;
        this.opening = exchange.opening;
        exchange.opening = null;
        this.head = head;
        this.closeDelimited = !exchange.request.http11;
    }

    private static int start(Frame frame, boolean closeDelimited) {
        return closeDelimited ? frame.from() : 0;
    }

    private static int end(Frame frame, boolean closeDelimited) {
        return closeDelimited ? frame.to() : frame.bytes().length;
    }

    /** This is what it is the sink of. */
    void begin(Cursor begun) {
        cursor = begun;
        if (!channel.isActive()) {
            begun.close();
        } else {
            limit();
        }
    }

    /** Has the stream end when it has been open for long enough, or the right to it ends. */
    private void limit() {
        long left = caller.until() - System.currentTimeMillis();
        Duration age = server.settings().limits().streamAge();
        long most = age == null
                ? Long.MAX_VALUE
                : age.toMillis() - ThreadLocalRandom.current().nextLong(age.toMillis() / 10 + 1);
        if (age != null || caller.until() < Long.MAX_VALUE) {
            EndCause cause = left < most ? EndCause.TOKEN_ENDED : EndCause.AGE;
            ending = channel.eventLoop().schedule(() -> end(cause), Math.min(left, most), TimeUnit.MILLISECONDS);
        }
        if (opening != null) {
            opening.onMoved(() -> channel.eventLoop().execute(() -> end(EndCause.REPLACED)));
        }
        if (server.access().isRevoked(caller)) { // while it was opened
            end(EndCause.REVOKED);
        }
    }

    /** Ends the stream for this cause; the client is told when to come back. */
    void end(EndCause cause) {
        if (cursor != null && channel.isActive()) {
            cursor.end(cause, server.hub().jitteredRetryMillis());
        }
    }

    /** The id that its client was told. */
    String id() {
        return cursor == null ? "" : cursor.id();
    }

    /** Who reads it. */
    Caller caller() {
        return caller;
    }

    /** Milliseconds since 1970. */
    long opened() {
        return opened;
    }

    String remoteAddress() {
        return client.address().getHostAddress();
    }

    @Override
    public boolean writable() {
        return !sending;
    }

    @Override
    public boolean wantsHistory() {
        return !pausing;
    }

    @Override
    public int write(Batch batch) {
        if (server.admission().limitsHistory() && (cursor == null || cursor.isLagging())) {
            readHistory(batch.bytes());
        }
        Bytes bytes = (Bytes) batch.carrier();
        if (bytes == null) {
            bytes = new Bytes();
            batch.attach(bytes);
        }
        ByteBuf all = bytes.of(batch, closeDelimited, channel.alloc());
        int frames = batch.frames().size();
        if (head != null) {
            channel.write(head);
            head = null;
        } else if (socket != null && !sending && all.hasMemoryAddress()) {
            int sent = send(socket, all);
            return sent == all.readableBytes() ? frames : finish(batch, all, sent);
        }
        queue(all.retainedDuplicate());
        return frames;
    }

    private void readHistory(int bytes) {
        long pause = server.admission().historyPause(client, bytes);
        if (pause > 0 && !pausing) {
            pausing = true;
            server.counters().historySlowed.increment();
            channel.eventLoop()
                    .schedule(
                            () -> {
                                pausing = false;
                                if (cursor != null) {
                                    cursor.resume();
                                }
                            },
                            pause,
                            TimeUnit.NANOSECONDS);
        }
    }

    /**
     * How many bytes the socket took; none if it is broken, which Netty finds with what is left. A socket that has been closed must
     * not be written to in this way: its descriptor may be another's by now.
     */
    private static int send(FileDescriptor socket, ByteBuf all) {
        try {
            return socket.isOpen() ? socket.writeAddress(all.memoryAddress(), all.readerIndex(), all.writerIndex()) : 0;
        } catch (IOException broken) {
            return 0;
        }
    }

    /** Has Netty send the rest of the frame that the socket broke off in, and says how many frames are taken with it. */
    private int finish(Batch batch, ByteBuf all, int sent) {
        int end = all.readableBytes();
        int frames = batch.frames().size();
        if (batch.divisible()) {
            frames = 0;
            for (end = 0; end <= sent; frames++) {
                Frame frame = batch.frames().get(frames);
                end += end(frame, closeDelimited) - start(frame, closeDelimited);
            }
        }
        queue(channel.alloc().directBuffer(end - sent).writeBytes(all, all.readerIndex() + sent, end - sent));
        return frames;
    }

    private void queue(ByteBuf bytes) {
        sending = true;
        channel.writeAndFlush(bytes).addListener(this);
        if (sending) {
            left = unsent();
            leftSince = worker.now();
            worker.blocked(this);
        }
    }

    /** What was queued has left, or cannot. */
    @Override
    public void operationComplete(ChannelFuture sent) {
        sending = false;
        worker.unblocked(this);
        if (!sent.isSuccess()) {
            channel.close();
        } else if (cursor != null) {
            cursor.resume();
        }
    }

    private long unsent() {
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
        return queue == null ? 0 : queue.totalPendingWriteBytes() - queue.currentProgress();
    }

    /** A second has passed, and what was sent has not left: the stream is too slow, or stalled. */
    void lookAtBlocked(long now) {
        Limits limits = server.settings().limits();
        long leftNow = unsent();
        if (leftNow != left) {
            left = leftNow;
            leftSince = now;
        } else if (now - leftSince >= Math.max(1, limits.writeTime().toSeconds())) {
            server.counters().cut.increment();
            cut();
            return;
        }
        Duration maxLag = limits.maxLag();
        if (cursor != null && !ended && maxLag != null && cursor.laggingSeconds() > maxLag.toSeconds()) {
            server.counters().endedForLag.increment();
            end(EndCause.SLOW);
        }
    }

    /** Closes with a reset, so that the kernel keeps nothing for a client that takes nothing. */
    private void cut() {
        if (channel.isActive()) {
            cut = true;
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            channel.close();
        }
    }

    /** Ends the response and closes; a client that does not even read its end has the time of a request for it. */
    @Override
    public void end() {
        ended = true;
        ByteBuf last = closeDelimited ? Unpooled.EMPTY_BUFFER : LAST_CHUNK.duplicate();
        ChannelFuture sent = channel.writeAndFlush(last).addListener(ChannelFutureListener.CLOSE);
        if (!sent.isDone()) {
            long patience = server.settings().requestTime().toMillis();
            channel.eventLoop().schedule(this::cut, patience, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ReferenceCountUtil.release(message);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        ReferenceCountUtil.release(head);
        head = null;
        if (cursor != null) {
            cursor.close();
        }
        worker.unblocked(this);
        if (ending != null) {
            ending.cancel(false);
        }
        if (opening != null) {
            opening.close();
        }
        server.streamClosed(client, cause());
    }

    private EndCause cause() {
        EndCause told = cursor == null ? EndCause.CLIENT : cursor.cause();
        return told == EndCause.CLIENT && cut ? EndCause.SLOW : told;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        channel.close();
    }
}
