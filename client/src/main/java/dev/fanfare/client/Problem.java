package dev.fanfare.client;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;

/**
 * Why a node refused a request: its status and its problem document (RFC 9457).
 *
 * @param status the HTTP status
 * @param title what was wrong; empty when the answer was no problem document
 * @param detail what to do about it; empty when the answer was no problem document
 * @param body the body as it came, cut off at 64 KiB
 * @param retryAfter the wait that a Retry-After header asked for; zero without one
 */
public record Problem(int status, String title, String detail, String body, Duration retryAfter) {

    static Problem of(HttpResponse<String> response) {
        String body = response.body();
        return new Problem(
                response.statusCode(),
                JsonFields.stringOrEmpty(body, "title"),
                JsonFields.stringOrEmpty(body, "detail"),
                body,
                Backoff.retryAfter(response.headers(), Instant.now()));
    }

    /** One line for people: status, title and detail. */
    @Override
    public String toString() {
        return status + (title.isEmpty() ? "" : " " + title) + (detail.isEmpty() ? "" : ": " + detail);
    }
}
