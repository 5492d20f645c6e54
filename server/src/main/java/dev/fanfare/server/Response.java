package dev.fanfare.server;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;

/**
 * An answer as the bytes of HTTP/1.1. Written by hand and not by the codec because the codec leaves the pipeline when a stream opens,
 * and because a publish is answered by little else.
 */
final class Response {

    static final String JSON = "application/json";

    private static final byte[] EMPTY = {};

    private final StringBuilder head = new StringBuilder(256);

    private final Exchange exchange;

    private Response(Exchange exchange) {
        this.exchange = exchange;
    }

    /** An answer of this status. */
    static Response of(int status, Exchange exchange) {
        Response response = new Response(exchange);
        response.head
                .append("HTTP/1.1 ")
                .append(status)
                .append(' ')
                .append(HttpResponseStatus.valueOf(status).reasonPhrase())
                .append("\r\n");
        response.header("Date", exchange.connection.worker().dateHeader());
        if (exchange.request.origin != null) {
            response.cors(
                    exchange.request,
                    exchange.request.origin,
                    exchange.connection.server().origins());
        }
        return response;
    }

    private void cors(Request request, String origin, Origins origins) {
        if (origins.isOpenToAll()) {
            header("Access-Control-Allow-Origin", "*");
        } else {
            header("Vary", "Origin");
            if (!Origins.isOwn(origin, request.host) && !origins.allows(origin)) {
                return;
            }
            header("Access-Control-Allow-Origin", origin);
            header("Access-Control-Allow-Credentials", "true");
        }
        header("Access-Control-Expose-Headers", "Location, Retry-After, WWW-Authenticate, Fanfare-Refused");
    }

    /** Adds a header; the value must be of this server's making, or have been a header's before. */
    Response header(String name, String value) {
        head.append(name).append(": ").append(value).append("\r\n");
        return this;
    }

    /** The answer's head alone, for a body that comes later or not at all. */
    ByteBuf head() {
        return bytes(EMPTY);
    }

    /** The answer with a body, or for HEAD with its length alone. */
    ByteBuf with(byte[] body, String contentType) {
        header("Content-Type", contentType);
        header("Content-Length", Integer.toString(body.length));
        connection();
        return bytes(exchange.request.isHead() ? EMPTY : body);
    }

    private ByteBuf bytes(byte[] body) {
        byte[] text = head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
        return exchange.allocator()
                .directBuffer(text.length + body.length)
                .writeBytes(text)
                .writeBytes(body);
    }

    /** The answer 204, which has no body and must not say so. */
    ByteBuf empty() {
        connection();
        return head();
    }

    private void connection() {
        if (!exchange.keepAlive) {
            header("Connection", "close");
        } else if (!exchange.request.http11) {
            header("Connection", "keep-alive");
        }
    }
}
