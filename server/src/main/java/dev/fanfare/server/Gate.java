package dev.fanfare.server;

import dev.fanfare.auth.AuthRefused;
import dev.fanfare.auth.Caller;
import dev.fanfare.http.Accept;
import dev.fanfare.http.Problem;
import dev.fanfare.http.Query;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What is known of a request by its head alone: whether there is such a thing behind this door, for whom, and who asks. */
final class Gate {

    static final String TOPICS = "/topics/";
    static final String STREAMS = "/streams/";
    static final String USERS = "/users/";
    static final String TICKETS = "/tickets";
    private static final String READ = "GET, HEAD, OPTIONS";
    private static final String READ_AND_PUBLISH = "GET, HEAD, POST, OPTIONS";
    static final String TOPIC_METHODS = "GET, HEAD, POST, DELETE, OPTIONS";

    private final Server server;

    Gate(Server server) {
        this.server = server;
    }

    /** Refuses, before its body has come, what would be refused whoever sends it. */
    void check(Request request, Door door) {
        if (request.head.protocolVersion().majorVersion() != 1) {
            throw new Problem(505, "HTTP version not supported", "this node speaks HTTP/1.1; send the request as that");
        }
        if (request.http11 && request.host == null) {
            throw Problem.badRequest("no Host header; HTTP/1.1 asks for one");
        }
        if (request.head.headers().getAll(HttpHeaderNames.HOST).size() > 1) {
            throw Problem.badRequest("more than one Host header; send one");
        }
        if (server.access().isOpen()) {
            server.origins().checkHost(request.host);
        }
        String allowed = allowed(request.path);
        if (!request.method.equals("OPTIONS")) {
            if (allowed == null) {
                throw new Problem(
                        404,
                        "Not found",
                        "nothing is at " + request.path + "; subscribe at /events?topic=..., publish to /topics/...");
            }
            if (!(", " + allowed + ",").contains(", " + request.method + ",")) {
                throw Problem.methodNotAllowed(request.method, allowed);
            }
            checkDoor(request, door);
        }
        if (request.isChange()) {
            server.origins().checkChange(request.origin, request.host);
        }
    }

    private static void checkDoor(Request request, Door door) {
        if (door == Door.PUBLIC && isOperators(request)) {
            throw new Problem(
                    404, "Not found", "this node has " + request.path + " on its admin port only (admin.port)");
        }
        if (door == Door.ADMIN && !isOperators(request) && !isForAll(request.path)) {
            throw new Problem(404, "Not found", "this is the admin port; subscribe and publish on the node's own port");
        }
    }

    /** Whether it is for who runs the node. */
    static boolean isOperators(Request request) {
        return request.path.startsWith(STREAMS)
                || request.path.startsWith(USERS)
                || request.path.startsWith(TOPICS) && request.method.equals("DELETE")
                || List.of("/topics", "/streams", "/stats", "/metrics").contains(request.path);
    }

    /** Whether it takes no credential. */
    private static boolean isForAll(String path) {
        return path.equals("/") || path.equals("/healthz") || path.equals("/readyz");
    }

    /** Who asks; fails with {@link AuthRefused}. */
    CompletionStage<Caller> identify(Exchange exchange) {
        Request request = exchange.request;
        if (isForAll(request.path) || StaticFile.at(request.path) != null || request.method.equals("OPTIONS")) {
            return CompletableFuture.completedFuture(Caller.NOBODY);
        }
        String ticket = server.access().ticket(request);
        if (ticket == null) {
            return server.access().identify(request, server.origins().letsCookiesCount(request.origin, request.host));
        }
        if (!isRead(request)) {
            return CompletableFuture.failedFuture(
                    AuthRefused.forbidden("a ticket opens streams and does nothing else; send Authorization: Bearer"));
        }
        return server.access().open(ticket).thenApply(opening -> {
            exchange.opening = opening;
            return opening.caller();
        });
    }

    /** Whether events are asked for. */
    private static boolean isRead(Request request) {
        return !request.isChange() && (request.path.equals("/events") || request.path.startsWith(TOPICS));
    }

    /** Whether what is asked for is answered by a stream of events. */
    static boolean isStream(Request request) {
        if (!isRead(request)) {
            return false;
        }
        try {
            return Accept.of(request.list(HttpHeaderNames.ACCEPT)) != Accept.JSON;
        } catch (Problem notAcceptable) {
            return false;
        }
    }

    /** The methods of a path, or null if nothing is there. */
    static @Nullable String allowed(String path) {
        if (path.startsWith(TOPICS)) {
            return TOPIC_METHODS;
        }
        if (path.startsWith(STREAMS) || user(path) != null) {
            return "DELETE, OPTIONS";
        }
        return switch (path) {
            case "/events" -> READ_AND_PUBLISH;
            case TICKETS -> "POST, OPTIONS";
            case "/", "/topics", "/streams", "/stats", "/metrics", "/healthz", "/readyz" -> READ;
            default -> StaticFile.at(path) == null ? null : READ;
        };
    }

    /** The user of {@code /users/{sub}/streams}, or null. */
    static @Nullable String user(String path) {
        String end = "/streams";
        boolean fits = path.startsWith(USERS) && path.endsWith(end) && path.length() > USERS.length() + end.length();
        String user = fits ? path.substring(USERS.length(), path.length() - end.length()) : "";
        return user.isEmpty() || user.contains("/") ? null : Query.decode(user, false);
    }
}
