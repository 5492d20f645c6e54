package dev.fanfare.server;

import dev.fanfare.auth.AuthRefused;
import dev.fanfare.auth.Authenticator;
import dev.fanfare.auth.Caller;
import dev.fanfare.auth.Opening;
import dev.fanfare.auth.Revocations;
import dev.fanfare.auth.Ticket;
import dev.fanfare.auth.TicketRequest;
import dev.fanfare.auth.Tickets;
import dev.fanfare.http.Problem;
import dev.fanfare.http.TicketBody;
import dev.fanfare.hub.EventLog;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Finds the credential that a request presents, and who it stands for: the header first, then a ticket, then the cookie. Makes tickets,
 * and revokes. No method blocks.
 */
final class Access implements AutoCloseable {

    private static final String COOKIE = "fanfare_token=";
    private static final String SCHEME = "Bearer ";

    private final Authenticator authenticator;
    private final Revocations revocations;
    private final Tickets tickets;

    /** Reads what the log knows of tickets and revocations, and blocks until it has. */
    Access(Authenticator authenticator, EventLog log) {
        this.authenticator = authenticator;
        this.revocations = Revocations.start(log).toCompletableFuture().join();
        this.tickets = Tickets.start(log, revocations, InstantSource.system())
                .toCompletableFuture()
                .join();
    }

    @Override
    public void close() {
        authenticator.close();
    }

    /** Whether everyone may do everything. */
    boolean isOpen() {
        return authenticator.isOpen();
    }

    /**
     * Who asks; fails with {@link AuthRefused}. Completes at once if nothing has to be verified that was not verified before.
     *
     * @param cookies whether a cookie counts; a browser sends it along whichever page has it ask
     */
    CompletionStage<Caller> identify(Request request, boolean cookies) {
        if (isOpen()) {
            return CompletableFuture.completedFuture(Caller.OPEN);
        }
        List<String> headers = request.head.headers().getAll(HttpHeaderNames.AUTHORIZATION);
        if (!headers.isEmpty()) {
            return header(headers).thenApply(this::unrevoked);
        }
        String cookie = cookies ? cookie(request) : null;
        return cookie == null
                ? CompletableFuture.completedFuture(authenticator.anonymous())
                : authenticator.cookie(cookie).thenApply(this::unrevoked);
    }

    /** The ticket in a request's URL that counts, or null. */
    @Nullable
    String ticket(Request request) {
        boolean header = request.head.headers().contains(HttpHeaderNames.AUTHORIZATION);
        return isOpen() || header || !request.rawQuery.contains("ticket")
                ? null
                : request.query().first("ticket");
    }

    /** Opens a ticket; fails with {@link AuthRefused}. */
    CompletionStage<Opening> open(String ticket) {
        return tickets.open(ticket);
    }

    /** Makes a ticket; fails with {@link AuthRefused}, or {@link Problem} 400. */
    CompletionStage<Ticket> ticket(Caller caller, byte[] body) {
        TicketRequest request = TicketBody.read(body);
        if (caller.kind() == Caller.Kind.OPEN) {
            throw Problem.badRequest("this node asks for no credential; open the stream without a ticket");
        }
        if (request == null && caller.kind() == Caller.Kind.API_KEY) {
            throw Problem.badRequest(
                    "an API key says whose ticket it wants: {\"sub\":\"alice\",\"subscribe\":[\"orders/*\"]}");
        }
        CompletionStage<Ticket> ticket = request == null ? tickets.issue(caller) : tickets.issue(caller, request);
        return ticket.exceptionallyCompose(failure -> CompletableFuture.failedFuture(
                failure.getCause() instanceof IllegalArgumentException wrong
                        ? Problem.badRequest(String.valueOf(wrong.getMessage()))
                        : failure));
    }

    /** Refuses from now on what was issued to a user until now; fails with {@link Problem} 400 if nobody can be called so. */
    CompletionStage<Void> revoke(String user) {
        try {
            return revocations.revoke(user);
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest(String.valueOf(e.getMessage()));
        }
    }

    Revocations revocations() {
        return revocations;
    }

    /** Why one is refused by now whose credential was good when his request began; null if it is good yet. */
    @Nullable
    AuthRefused lost(Caller caller) {
        if (isRevoked(caller)) {
            return AuthRefused.invalid("the credential has been revoked; sign in again for a new one");
        }
        return caller.until() > System.currentTimeMillis()
                ? null
                : AuthRefused.invalid("the credential has ended; get a new one, and go on with that");
    }

    boolean isRevoked(Caller caller) {
        String user = caller.user();
        return user != null && revocations.isRevoked(user, caller.issued());
    }

    private Caller unrevoked(Caller caller) {
        revocations.check(caller);
        return caller;
    }

    private CompletionStage<Caller> header(List<String> headers) {
        if (headers.size() > 1) {
            return refused("more than one Authorization header; send one");
        }
        String header = headers.get(0);
        if (!header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return refused("the Authorization header has another scheme than Bearer, the one this node takes");
        }
        return authenticator.bearer(header.substring(SCHEME.length()).strip());
    }

    private static CompletionStage<Caller> refused(String why) {
        return CompletableFuture.failedFuture(AuthRefused.invalid(why));
    }

    private static @Nullable String cookie(Request request) {
        for (String header : request.head.headers().getAll(HttpHeaderNames.COOKIE)) {
            for (String pair : header.split(";")) {
                String cookie = pair.strip();
                if (cookie.startsWith(COOKIE)) {
                    return cookie.substring(COOKIE.length());
                }
            }
        }
        return null;
    }
}
