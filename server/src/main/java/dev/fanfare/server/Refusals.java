package dev.fanfare.server;

import dev.fanfare.http.Problem;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;

/** What a connection refuses by itself, whatever was asked for: too long, too large, too slow, no HTTP. */
final class Refusals {

    private Refusals() {}

    static Problem malformed(Throwable cause) {
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

    /** How large the body of a request may be that is handled once it is whole. */
    static int mostBytes(Exchange exchange, ServerSettings settings) {
        return exchange.document == null ? settings.eventBytes() : settings.bodyBytes();
    }

    static Problem tooLarge(Exchange exchange, ServerSettings settings) {
        if (exchange.document == null) {
            return Problem.eventTooLarge(settings.eventBytes());
        }
        return new Problem(
                413,
                "Body too large",
                "a document of events may have " + settings.bodyBytes()
                        + " bytes (limits.body-bytes); send several, or NDJSON, which may go on for ever");
    }

    static Problem tooSlow() {
        return new Problem(
                408, "Request timeout", "the request did not arrive within limits.request-time; send it faster");
    }

    static Problem silent(ServerSettings settings) {
        return new Problem(
                408,
                "Request timeout",
                "nothing came for " + settings.publishIdle().toSeconds()
                        + " s (publish.idle); send blank lines or comments while there is no event");
    }

    static Problem stopping() {
        return Problem.unavailable(
                "this node is stopping; send the rest again, with the same Idempotency-Key if there was one", 2);
    }
}
