package dev.fanfare.server;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequestDecoder;

/** Netty's decoder, which also tells its connection when bytes come, so that a request has its time from its first byte on. */
final class RequestDecoder extends HttpRequestDecoder {

    private final Connection connection;

    RequestDecoder(Connection connection, int headBytes) {
        super(new HttpDecoderConfig().setMaxInitialLineLength(headBytes).setMaxHeaderSize(headBytes));
        this.connection = connection;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        connection.bytesCame();
        super.channelRead(context, message);
    }
}
