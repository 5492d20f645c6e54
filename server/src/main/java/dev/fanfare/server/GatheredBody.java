package dev.fanfare.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** The body of a request that is handled once it is whole. */
final class GatheredBody {

    private static final int MOST_PARTS = 1024;

    private final ByteBufAllocator allocator;
    private @Nullable ByteBuf bytes;

    GatheredBody(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    int size() {
        return bytes == null ? 0 : bytes.readableBytes();
    }

    /** Takes a reference to these, which follow. */
    void add(ByteBuf more) {
        if (bytes == null) {
            bytes = more.retain();
        } else if (bytes instanceof CompositeByteBuf parts) {
            parts.addComponent(true, more.retain());
        } else {
            bytes = allocator
                    .compositeBuffer(MOST_PARTS)
                    .addComponent(true, bytes)
                    .addComponent(true, more.retain());
        }
    }

    /** All of it, to be released by the caller; this is then empty. */
    ByteBuf take() {
        ByteBuf whole = bytes == null ? Unpooled.EMPTY_BUFFER : bytes;
        bytes = null;
        return whole;
    }

    void release() {
        take().release();
    }
}
