package dev.fanfare.http;

import dev.fanfare.auth.AuthRefused;
import org.jspecify.annotations.Nullable;

/**
 * A refusal: an RFC 9457 problem document that says what to do. Thrown where a request is found wanting; carries no stack.
 */
public final class Problem extends RuntimeException {

    /** The content type of the document. */
    public static final String CONTENT_TYPE = "application/problem+json";

    private static final long serialVersionUID = 1L;

    private final int status;
    private final String title;
    private final String detail;
    private final @Nullable String headerName;
    private final @Nullable String headerValue;
    private final transient @Nullable Published published;

    private Problem(
            int status,
            String title,
            String detail,
            @Nullable String headerName,
            @Nullable String headerValue,
            @Nullable Published published) {
        super(title + ": " + detail, null, false, false);
        this.status = status;
        this.title = title;
        this.detail = detail;
        this.headerName = headerName;
        this.headerValue = headerValue;
        this.published = published;
    }

    /** A problem of this status; {@code detail} says what to do. */
    public Problem(int status, String title, String detail) {
        this(status, title, detail, null, null, null);
    }

    /** 400: the request is not of the form that the contract asks for. */
    public static Problem badRequest(String detail) {
        return new Problem(400, "Bad request", detail);
    }

    /** 405, with what is allowed. */
    public static Problem methodNotAllowed(String method, String allowed) {
        return new Problem(
                405,
                "Method not allowed",
                method + " is not for this URL; it takes " + allowed,
                "Allow",
                allowed,
                null);
    }

    /** 413: an event has more data than one may have. */
    public static Problem eventTooLarge(int mostBytes) {
        return new Problem(
                413,
                "Event too large",
                "an event's data may have " + mostBytes + " bytes (limits.event-bytes); send less, or a link to it");
    }

    /** 415, with the types of content that can be sent instead. */
    public static Problem unsupportedType(String detail, String taken) {
        return new Problem(415, "Unsupported media type", detail, "Accept-Post", taken, null);
    }

    /** 401, 403 or 503: what became of a credential, with the header that tells a client so. */
    public static Problem of(AuthRefused refused) {
        String detail = refused.description();
        return switch (refused.reason()) {
            case MISSING, INVALID ->
                new Problem(401, "Unauthorized", detail, "WWW-Authenticate", refused.challenge(), null);
            case FORBIDDEN -> new Problem(403, "Forbidden", detail, "WWW-Authenticate", refused.challenge(), null);
            case UNAVAILABLE -> unavailable(detail, refused.retryAfterSeconds());
        };
    }

    /** 503: try again in some seconds. */
    public static Problem unavailable(String detail, int retryAfterSeconds) {
        return new Problem(503, "Unavailable", detail, "Retry-After", Integer.toString(retryAfterSeconds), null);
    }

    /** 429: try again, slower, in some seconds. */
    public static Problem tooMany(String detail, int retryAfterSeconds) {
        return new Problem(429, "Too many requests", detail, "Retry-After", Integer.toString(retryAfterSeconds), null);
    }

    /** This problem, said of one place in what was sent: {@code line 3}. */
    public Problem at(String place) {
        return new Problem(status, title, place + ": " + detail, headerName, headerValue, published);
    }

    /** This problem, which ended a streaming publish after so much of it was published. */
    public Problem after(Published done) {
        return new Problem(status, title, detail + "; " + done.sentence(), headerName, headerValue, done);
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** What kind of problem it is, the same for all of that kind. */
    public String title() {
        return title;
    }

    /** The name of a header that goes with it, or null. */
    public @Nullable String headerName() {
        return headerName;
    }

    /** That header's value, or null. */
    public @Nullable String headerValue() {
        return headerValue;
    }

    /** The document. */
    public byte[] body() {
        return Json.bytes(json -> {
            json.writeStringProperty("title", title);
            json.writeNumberProperty("status", status);
            json.writeStringProperty("detail", detail);
            if (published != null) {
                published.write(json);
            }
        });
    }
}
