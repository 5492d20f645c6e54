package dev.fanfare.client;

import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.ResponseInfo;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What a server's answer to a request for an event stream means. */
final class Answer {

    private Answer() {}

    /** Status 200, MIME essence text/event-stream, and no charset but UTF-8 (C2, C14). */
    static boolean isEventStream(ResponseInfo head) {
        String[] parts = head.headers().firstValue("Content-Type").orElse("").split(";", -1);
        boolean stream = head.statusCode() == 200 && parts[0].strip().equalsIgnoreCase("text/event-stream");
        for (int i = 1; i < parts.length; i++) {
            String[] parameter = parts[i].split("=", 2);
            if (parameter.length == 2 && parameter[0].strip().equalsIgnoreCase("charset")) {
                stream &= parameter[1].strip().replace("\"", "").equalsIgnoreCase("utf-8");
            }
        }
        return stream;
    }

    /** A stream that only says: not now. It is read for its {@code retry:}, and ends. */
    static boolean isRefusedStream(HttpHeaders headers) {
        return headers.firstValue("Fanfare-Refused").isPresent();
    }

    /** Whether the same request may be granted later. */
    static boolean isForNow(int status) {
        return status >= 500 || status == 408 || status == 425 || status == 429;
    }

    /** Where to ask instead; null if the answer is no redirect, or one that must not be followed. */
    static @Nullable URI redirect(HttpResponse<String> response) {
        return switch (response.statusCode()) {
            case 301, 302, 303, 307, 308 ->
                response.headers()
                        .firstValue("Location")
                        .map(location -> target(response.uri(), location))
                        .orElse(null);
            default -> null;
        };
    }

    /** Null if it is nothing that http or https can ask, or leads from https out into the open. */
    private static @Nullable URI target(URI from, String location) {
        try {
            URI to = Endpoint.requireHttp(from.resolve(location));
            boolean downgrade =
                    from.getScheme().equalsIgnoreCase("https") && to.getScheme().equalsIgnoreCase("http");
            return downgrade ? null : to;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** The problem of an answer that brought no stream, or one that is a refusal. */
    static Problem problem(HttpResponse<String> response) {
        Problem problem = Problem.of(response);
        if (problem.status() != 200) {
            return problem;
        }
        HttpHeaders headers = response.headers();
        if (isRefusedStream(headers)) {
            String word = headers.firstValue("Fanfare-Refused").orElse("");
            return new Problem(200, "Refused for now", word, problem.body(), problem.retryAfter());
        }
        String type = headers.firstValue("Content-Type").orElse("none");
        String detail = "Content-Type: " + type + " (expected: text/event-stream, in UTF-8)";
        return new Problem(200, "Not an event stream", detail, problem.body(), Duration.ZERO);
    }
}
