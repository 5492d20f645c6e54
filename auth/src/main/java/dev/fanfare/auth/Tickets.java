package dev.fanfare.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Selector;
import java.text.ParseException;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Makes and opens tickets, with which an {@code EventSource}, which can send no header, opens a stream. A ticket has to be opened within
 * {@value #SECONDS_TO_OPEN} seconds; from then on it may be opened again until it ends, and each opening ends the one before. It reads
 * and does nothing else. The key that signs tickets and what they opened are notes in the log: any node honours them, also after a
 * restart.
 *
 * <p>Thread-safe; no method blocks. What is returned fails with {@link AuthRefused}, whose messages hold nothing of the ticket.
 */
public final class Tickets {

    /** For so long a ticket may be opened for the first time. */
    public static final int SECONDS_TO_OPEN = 30;

    /** The longest ticket, in characters: it has to fit into the head of a request. */
    static final int MOST_CHARACTERS = 4_096;
    /** Tickets about which the log is being asked; more wait outside. */
    private static final int MOST_ASKED = 10_000;

    private static final JOSEObjectType TYPE = new JOSEObjectType("ticket+jwt");
    private static final String SUBSCRIBE = "sel";
    private static final String CREDENTIAL_ISSUED = "cit";

    private final Revocations revocations;
    private final InstantSource clock;
    private final TicketKeys keys;
    private final Openings openings;
    private final AtomicInteger asked = new AtomicInteger();

    private Tickets(EventLog log, Revocations revocations, InstantSource clock) {
        this.revocations = revocations;
        this.clock = clock;
        this.keys = new TicketKeys(log);
        this.openings = new Openings(log);
    }

    /** Those of a log; completes when its keys are known. */
    public static CompletionStage<Tickets> start(EventLog log, Revocations revocations, InstantSource clock) {
        Tickets tickets = new Tickets(log, revocations, clock);
        NoteFeed.Taker taker = new NoteFeed.Taker() {
            @Override
            public void take(Note note, long position) {
                tickets.keys.take(note, position);
                tickets.openings.take(note, position);
            }

            @Override
            public void missed() {
                tickets.openings.askAgain();
            }
        };
        return NoteFeed.start(log, TicketKeys.PREFIX, taker).thenApply(loaded -> tickets);
    }

    /** How many openings of this node have not been closed. */
    public int openings() {
        return openings.size();
    }

    /** A ticket for one who has a token: it lets him read what that does, until that ends. */
    public CompletionStage<Ticket> issue(Caller caller) {
        try {
            revocations.check(caller);
        } catch (AuthRefused revoked) {
            return refused(revoked);
        }
        return switch (caller.kind()) {
            case JWT -> sign(caller.user(), caller.rights().subscribe(), caller.until(), caller.issued());
            case TICKET -> refused(AuthRefused.forbidden("a ticket gives no other ticket; ask for one with the token"));
            case ANONYMOUS -> refused(AuthRefused.missing("a ticket"));
            case API_KEY, OPEN ->
                CompletableFuture.failedFuture(new IllegalArgumentException(
                        "an API key says whose ticket it wants (expected: {\"sub\",\"subscribe\",\"ttl\"})"));
        };
    }

    /** A ticket that one with an API key asks for, for any user; what it lets that one read besides his own topics, the key must too. */
    public CompletionStage<Ticket> issue(Caller caller, TicketRequest request) {
        if (caller.kind() != Caller.Kind.API_KEY && caller.kind() != Caller.Kind.OPEN) {
            return refused(
                    caller.kind() == Caller.Kind.ANONYMOUS
                            ? AuthRefused.missing("a ticket")
                            : AuthRefused.forbidden(
                                    "only an API key says whose ticket it wants; with a token, send no body"));
        }
        if (caller.rights().subscribe().isEmpty()) {
            return refused(AuthRefused.forbidden("this API key may not subscribe to anything, so it gives no tickets"));
        }
        for (Selector selector : request.subscribe()) {
            boolean own = request.sub() != null && UserTopics.all(request.sub()).covers(selector);
            if (!own && !caller.rights().maySubscribe(selector)) {
                return refused(AuthRefused.forbidden("a ticket for '" + selector + "' is not granted to this API key"));
            }
        }
        long now = clock.millis();
        long until = Math.min(now + request.ttl().toMillis(), caller.until());
        return sign(request.sub(), request.subscribe(), until, now);
    }

    private CompletionStage<Ticket> sign(@Nullable String user, List<Selector> subscribe, long until, long issued) {
        long ends = until / 1_000 * 1_000;
        JWTClaimsSet claims = new JWTClaimsSet.Builder()
                .jwtID(TicketKeys.random(16))
                .subject(user)
                .issueTime(new Date(clock.millis()))
                .expirationTime(new Date(ends))
                .claim(CREDENTIAL_ISSUED, issued)
                .claim(SUBSCRIBE, subscribe.stream().map(Selector::toString).toList())
                .build();
        return keys.signing().handle((key, failure) -> {
            if (failure != null) {
                throw unavailable(failure);
            }
            try {
                SignedJWT ticket = new SignedJWT(
                        new JWSHeader.Builder(JWSAlgorithm.HS256)
                                .type(TYPE)
                                .keyID(key.id())
                                .build(),
                        claims);
                ticket.sign(key.signer());
                return bounded(new Ticket(ticket.serialize(), ends));
            } catch (JOSEException e) {
                throw new IllegalStateException("a ticket could not be signed", e);
            }
        });
    }

    private static Ticket bounded(Ticket ticket) {
        int length = ticket.text().length();
        if (length > MOST_CHARACTERS) {
            throw new IllegalArgumentException("the ticket would have " + length + " characters (expected: at most "
                    + MOST_CHARACTERS + "); ask for fewer or wider selectors");
        }
        return ticket;
    }

    /**
     * Opens a stream's ticket. To be called also for a stream that is then refused for load: its client comes back with the same
     * ticket. The stream ends when its opening is moved, and when its caller's time is over.
     */
    public CompletionStage<Opening> open(String text) {
        SignedJWT ticket = parse(text);
        String key = ticket == null ? null : ticket.getHeader().getKeyID();
        if (ticket == null || key == null) {
            return refused(notOurs());
        }
        if (asked.incrementAndGet() > MOST_ASKED) {
            asked.decrementAndGet();
            return refused(AuthRefused.unavailable("too many tickets are being opened; try again", 1));
        }
        return keys.find(key).thenCompose(found -> open(claims(ticket, found))).handle((opening, failure) -> {
            asked.decrementAndGet();
            if (failure != null) {
                throw unavailable(failure);
            }
            return opening;
        });
    }

    private static @Nullable SignedJWT parse(String text) {
        if (text.length() > MOST_CHARACTERS) {
            return null;
        }
        try {
            SignedJWT ticket = SignedJWT.parse(text);
            JWSHeader header = ticket.getHeader();
            boolean ours = JWSAlgorithm.HS256.equals(header.getAlgorithm()) && TYPE.equals(header.getType());
            return ours ? ticket : null;
        } catch (ParseException | IllegalArgumentException e) {
            return null;
        }
    }

    private static AuthRefused notOurs() {
        return AuthRefused.invalid("the ticket is none that this hub has made; ask for one with POST /tickets");
    }

    private static JWTClaimsSet claims(SignedJWT ticket, TicketKeys.@Nullable Key key) {
        try {
            if (key == null || !ticket.verify(key.verifier())) {
                throw notOurs();
            }
            return ticket.getJWTClaimsSet();
        } catch (JOSEException | ParseException e) {
            throw notOurs();
        }
    }

    private CompletionStage<Opening> open(JWTClaimsSet claims) {
        Caller caller = caller(claims);
        if (clock.millis() >= caller.until()) {
            throw AuthRefused.invalid("the ticket has ended; ask for another one with POST /tickets");
        }
        revocations.check(caller);
        long age = clock.millis() / 1_000 - claims.getIssueTime().getTime() / 1_000;
        if (age <= SECONDS_TO_OPEN) {
            return begin(claims.getJWTID(), caller, 0);
        }
        return openings.newest(claims.getJWTID()).thenCompose(before -> {
            if (before == 0) {
                throw AuthRefused.invalid("the ticket was not opened within " + SECONDS_TO_OPEN
                        + " s; ask for another one with POST /tickets, and open it at once");
            }
            return begin(claims.getJWTID(), caller, before);
        });
    }

    /** Opens it, after an opening at this position, or 0 for none. */
    private CompletionStage<Opening> begin(String ticket, Caller caller, long before) {
        Opening opening = openings.add(ticket, caller);
        return openings.note(opening).handle((position, failure) -> {
            if (failure != null && (before == 0 || !isFull(failure))) {
                opening.close();
                throw unavailable(failure);
            }
            opening.begin(failure == null ? position : before);
            try {
                revocations.check(caller);
            } catch (AuthRefused revoked) {
                opening.close();
                throw revoked;
            }
            return opening;
        });
    }

    /** A log that takes no more is still read: who has been here before may come back, though nobody else hears of it. */
    private static boolean isFull(Throwable failure) {
        return cause(failure) instanceof AppendRefused refused
                && (refused.reason() == AppendRefused.Reason.DISK_FULL
                        || refused.reason() == AppendRefused.Reason.NO_ROOM);
    }

    private static Caller caller(JWTClaimsSet claims) {
        try {
            List<Selector> subscribe = claims.getStringListClaim(SUBSCRIBE).stream()
                    .map(Selector::of)
                    .toList();
            return new Caller(
                    Caller.Kind.TICKET,
                    claims.getSubject(),
                    new Rights(subscribe, List.of(), false),
                    claims.getExpirationTime().getTime(),
                    claims.getLongClaim(CREDENTIAL_ISSUED),
                    "ticket " + claims.getJWTID());
        } catch (ParseException | IllegalArgumentException e) {
            throw notOurs();
        }
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    /** What the caller is told when the log does not answer; what is refused for a reason stays as it is. */
    private static AuthRefused unavailable(Throwable failure) {
        return cause(failure) instanceof AuthRefused refused
                ? refused
                : AuthRefused.unavailable("the log that knows of tickets does not answer now; try again", 1);
    }

    private static <T> CompletionStage<T> refused(AuthRefused refused) {
        return CompletableFuture.failedFuture(refused);
    }
}
