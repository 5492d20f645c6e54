package dev.fanfare.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import dev.fanfare.auth.AuthRefused.Reason;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Selector;
import dev.fanfare.hub.Stored;
import dev.fanfare.hub.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tickets on either log, with several nodes on one, and after restarts. */
class TicketsTest extends LogTest {

    private static final Duration HOUR = Duration.ofHours(1);

    @ParameterizedTest
    @EnumSource
    void aTicketReadsWhatItsTokenDoesUntilThatEndsAndNothingElse(Kind kind) {
        Node node = node(open(kind));
        Caller alice = token("alice", HOUR, "orders/*", "news");
        Ticket ticket = get(node.tickets().issue(alice));
        Caller caller = get(node.tickets().open(ticket.text())).caller();

        assertThat(ticket.expires()).isEqualTo(alice.until());
        assertThat(ticket.text()).matches("[A-Za-z0-9_.-]{100,600}");
        assertThat(caller.kind()).isEqualTo(Caller.Kind.TICKET);
        assertThat(caller.user()).isEqualTo("alice");
        assertThat(caller.until()).isEqualTo(alice.until());
        assertThat(caller.issued()).isEqualTo(alice.issued());
        assertThat(caller.maySubscribe(Selector.of("orders/*"))).isTrue();
        assertThat(caller.maySubscribe(Selector.of("users/alice/**"))).isTrue();
        assertThat(caller.maySubscribe(Selector.of("orders/**"))).isFalse();
        assertThat(caller.maySubscribe(Selector.of("users/bob"))).isFalse();
        assertThat(caller.mayPublish(Topic.of("orders/1"))).isFalse();
        assertThat(caller.rights().admin()).isFalse();
        assertRefused(node.tickets().issue(caller), Reason.FORBIDDEN, "a ticket gives no other ticket");
        assertRefused(
                node.tickets().issue(caller, TicketRequest.of("alice", null, null)),
                Reason.FORBIDDEN,
                "only an API key");
    }

    @ParameterizedTest
    @EnumSource
    void aTicketIsOpenedWithinThirtySecondsOrNeverAndThenAgainUntilItEnds(Kind kind) {
        Node node = node(open(kind));
        String late = get(node.tickets().issue(token("alice", HOUR))).text();
        String inTime = get(node.tickets().issue(token("alice", HOUR))).text();
        clock.advance(Duration.ofSeconds(30));
        get(node.tickets().open(inTime)).close(); // as when it is refused for load
        clock.advance(Duration.ofSeconds(1));

        assertRefused(node.tickets().open(late), Reason.INVALID, "not opened within 30 s", late);
        assertThat(get(node.tickets().open(inTime)).caller().user()).isEqualTo("alice");
        clock.advance(Duration.ofMinutes(59));
        assertRefused(node.tickets().open(late), Reason.INVALID, "not opened within 30 s", late);
        get(node.tickets().open(inTime));
        clock.advance(Duration.ofMinutes(1));
        assertRefused(node.tickets().open(inTime), Reason.INVALID, "has ended", inTime);
    }

    @ParameterizedTest
    @EnumSource
    void whatWasOpenedIsHonouredByEveryNodeAndAfterARestart(Kind kind) {
        EventLog first = open(kind);
        Node a = node(first);
        Node b = node(first);
        String ticket = get(a.tickets().issue(token("alice", HOUR, "news"))).text();
        String unopened = get(b.tickets().issue(token("alice", HOUR, "news"))).text();
        get(a.tickets().open(ticket));
        clock.advance(Duration.ofMinutes(1));
        get(b.tickets().open(ticket));

        EventLog second = restart(kind, first);
        Node c = node(second);
        assertThat(get(c.tickets().open(ticket)).caller().maySubscribe(Selector.of("news")))
                .isTrue();
        assertRefused(c.tickets().open(unopened), Reason.INVALID, "not opened within 30 s", unopened);
        String fresh = get(c.tickets().issue(token("bob", HOUR))).text();
        get(node(second).tickets().open(fresh));
        assertThat(get(second.notes("ticket-key/")))
                .as("one key, before and after")
                .hasSize(1);
    }

    @ParameterizedTest
    @EnumSource
    void openingATicketAgainEndsTheStreamBeforeOnWhicheverNode(Kind kind) {
        EventLog shared = open(kind);
        Node a = node(shared);
        Node b = node(shared);
        String ticket = get(a.tickets().issue(token("alice", HOUR))).text();
        String other = get(a.tickets().issue(token("alice", HOUR))).text();
        AtomicInteger[] moved = {
            new AtomicInteger(), new AtomicInteger(), new AtomicInteger(), new AtomicInteger(), new AtomicInteger()
        };
        get(a.tickets().open(other)).onMoved(moved[4]::incrementAndGet);
        Opening first = get(a.tickets().open(ticket));
        first.onMoved(moved[0]::incrementAndGet);
        assertMoved(moved, 0, 0, 0, 0);

        get(a.tickets().open(ticket)).onMoved(moved[1]::incrementAndGet);
        assertMoved(moved, 1, 0, 0, 0);
        first.close();
        get(b.tickets().open(ticket)).onMoved(moved[2]::incrementAndGet);
        assertMoved(moved, 1, 1, 0, 0);
        Opening last = get(a.tickets().open(ticket));
        assertMoved(moved, 1, 1, 1, 0);
        get(b.tickets().open(ticket));
        last.onMoved(moved[3]::incrementAndGet);
        assertMoved(moved, 1, 1, 1, 1);
    }

    private static void assertMoved(AtomicInteger[] moved, int... expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(moved[i].get()).as("stream %d was ended", i).isEqualTo(expected[i]);
        }
        assertThat(moved[4].get()).as("the stream of another ticket").isZero();
    }

    @ParameterizedTest
    @EnumSource
    void ofManyOpeningsAtOnceOneStays(Kind kind) {
        EventLog shared = open(kind);
        List<Node> nodes = List.of(node(shared), node(shared));
        String ticket = get(nodes.get(0).tickets().issue(token("alice", HOUR))).text();
        AtomicInteger moved = new AtomicInteger();
        CountDownLatch begin = new CountDownLatch(1);
        List<CompletableFuture<Opening>> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Tickets tickets = nodes.get(i % 2).tickets();
            all.add(CompletableFuture.supplyAsync(() -> {
                try {
                    begin.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                Opening opening = get(tickets.open(ticket));
                opening.onMoved(moved::incrementAndGet);
                return opening;
            }));
        }
        begin.countDown();
        all.forEach(opening -> get(opening));

        assertThat(moved.get()).isEqualTo(19);
        all.forEach(opening -> get(opening).close());
        nodes.forEach(node -> assertThat(node.tickets().openings()).isZero());
    }

    @ParameterizedTest
    @EnumSource
    void aNodeThatIsBehindAsksTheLogBeforeItRefuses(Kind kind) {
        EventLog shared = open(kind);
        LagLog lag = new LagLog(shared);
        Node behind = node(lag.seen);
        Node ahead = node(shared);
        lag.hold();
        String ticket = get(ahead.tickets().issue(token("alice", HOUR))).text();
        get(ahead.tickets().open(ticket));
        clock.advance(Duration.ofMinutes(5));

        Opening opening = get(behind.tickets().open(ticket));
        AtomicInteger moved = new AtomicInteger();
        opening.onMoved(moved::incrementAndGet);
        lag.letGo();
        assertThat(moved.get()).as("ended by an opening that was before it").isZero();
        get(ahead.tickets().open(ticket));
        assertThat(moved.get()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource
    void aNodeThatHasLostEntriesAsksTheLogWhichTicketsWereOpenedElsewhere(Kind kind) {
        EventLog shared = open(kind);
        LagLog lag = new LagLog(shared);
        Node behind = node(lag.seen);
        Node ahead = node(shared);
        String movedOn = get(ahead.tickets().issue(token("alice", HOUR))).text();
        String stays = get(ahead.tickets().issue(token("bob", HOUR))).text();
        AtomicInteger moved = new AtomicInteger();
        get(behind.tickets().open(movedOn)).onMoved(moved::incrementAndGet);
        get(behind.tickets().open(stays)).onMoved(() -> moved.addAndGet(100));
        lag.hold();
        get(ahead.tickets().open(movedOn));
        lag.lose(get(shared.tail()));

        await().untilAsserted(() -> assertThat(moved.get()).isEqualTo(1));
    }

    @ParameterizedTest
    @EnumSource
    void nodesThatMakeKeysAtTheSameMomentHonourEachOthersTicketsAndSignWithTheFirst(Kind kind) {
        EventLog shared = open(kind);
        List<LagLog> lags = new ArrayList<>();
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            LagLog lag = new LagLog(shared);
            lags.add(lag);
            nodes.add(node(lag.seen));
        }
        // appended past the followers: nobody has heard of the other's key
        for (int i = 0; i < 3; i++) {
            get(shared.append(List.of(new Note(
                    "ticket-key/k" + i,
                    Base64.getUrlEncoder().withoutPadding().encodeToString(new byte[32 + i]),
                    Long.MAX_VALUE))));
        }
        List<String> tickets = new ArrayList<>();
        for (Node node : nodes) {
            tickets.add(get(node.tickets().issue(token("alice", HOUR))).text());
        }
        assertThat(tickets)
                .extracting(ticket -> SignedJWT.parse(ticket).getHeader().getKeyID())
                .containsOnly("k0");
        for (Node node : nodes) {
            tickets.forEach(ticket -> get(node.tickets().open(ticket)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void nodesThatIssueTheirFirstTicketsAtOnceHonourThemAll(Kind kind) {
        EventLog shared = open(kind);
        List<Node> nodes = List.of(node(shared), node(shared), node(shared));
        List<CompletionStage<Ticket>> tickets = new ArrayList<>();
        for (Node node : nodes) {
            tickets.add(node.tickets().issue(token("alice", HOUR)));
            tickets.add(node.tickets().issue(token("alice", HOUR)));
        }
        for (CompletionStage<Ticket> ticket : tickets) {
            nodes.forEach(node -> get(node.tickets().open(get(ticket).text())));
        }
        assertThat(get(shared.notes("ticket-key/"))).hasSizeBetween(1, 3);
    }

    @ParameterizedTest
    @EnumSource
    void anApiKeyNamesAnyUserAndWhatItMayReadItself(Kind kind) {
        Node node = node(open(kind));
        Caller key = apiKey("orders/**");
        Ticket ticket = get(node.tickets()
                .issue(key, TicketRequest.of("auth0|1", List.of("orders/1", "@me/**"), Duration.ofMinutes(5))));
        Caller caller = get(node.tickets().open(ticket.text())).caller();

        assertThat(ticket.expires()).isEqualTo((clock.millis() + 300_000) / 1_000 * 1_000);
        assertThat(caller.user()).isEqualTo("auth0|1");
        assertThat(caller.issued()).isEqualTo(clock.millis());
        assertThat(caller.maySubscribe(Selector.of("orders/1"))).isTrue();
        assertThat(caller.maySubscribe(Selector.of("users/auth0|1/inbox"))).isTrue();
        assertThat(caller.maySubscribe(Selector.of("orders/2"))).isFalse();
        Ticket nobodys = get(node.tickets().issue(key, TicketRequest.of(null, List.of("orders/*"), null)));
        assertThat(nobodys.expires()).isEqualTo((clock.millis() + 3_600_000) / 1_000 * 1_000);
        assertThat(get(node.tickets().open(nobodys.text())).caller().user()).isNull();

        assertRefused(
                node.tickets().issue(key, TicketRequest.of("alice", List.of("news"), null)),
                Reason.FORBIDDEN,
                "'news' is not granted");
        assertRefused(
                node.tickets().issue(key, TicketRequest.of("alice", List.of("users/bob/**"), null)),
                Reason.FORBIDDEN,
                "'users/bob/**' is not granted");
        assertRefused(
                node.tickets().issue(apiKey(), TicketRequest.of("alice", null, null)),
                Reason.FORBIDDEN,
                "may not subscribe to anything");
        assertThatThrownBy(() -> get(node.tickets().issue(key))).hasMessageContaining("says whose ticket it wants");
    }

    @ParameterizedTest
    @EnumSource
    void whatATicketMayBeIsBounded(Kind kind) {
        Node node = node(open(kind));
        assertThatThrownBy(() -> TicketRequest.of("a", null, Duration.ofHours(25)))
                .hasMessageContaining("1 s to 24 h");
        assertThatThrownBy(() -> TicketRequest.of("a", null, Duration.ZERO)).hasMessageContaining("1 s to 24 h");
        assertThatThrownBy(() -> TicketRequest.of(null, null, HOUR)).hasMessageContaining("open nothing");
        assertThatThrownBy(() -> TicketRequest.of(null, List.of("@me"), HOUR)).hasMessageContaining("@me");
        assertThatThrownBy(() -> TicketRequest.of("a", List.of("/"), HOUR))
                .isInstanceOf(IllegalArgumentException.class);
        String[] many = new String[200];
        for (int i = 0; i < many.length; i++) {
            many[i] = "a/long/topic/name/" + i;
        }
        assertThatThrownBy(() -> get(node.tickets().issue(token("alice", HOUR, many))))
                .hasMessageContaining("at most 4096");
        assertRefused(node.tickets().open("x".repeat(1 << 20)), Reason.INVALID, "none that this hub has made");
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNoTicketOfThisHubIsRefusedWithoutAWordOfIt(Kind kind) throws Exception {
        EventLog shared = open(kind);
        Node node = node(shared);
        String good = get(node.tickets().issue(token("alice", HOUR))).text();
        SignedJWT parsed = SignedJWT.parse(good);
        JWTClaimsSet claims = parsed.getJWTClaimsSet();
        Note key = (Note) get(shared.notes("ticket-key/")).get(0).entry();
        byte[] secret = Base64.getUrlDecoder().decode(key.value());
        String keyId = parsed.getHeader().getKeyID();
        JOSEObjectType type = parsed.getHeader().getType();

        List<String> bad = List.of(
                "",
                ".",
                "...",
                "ticket",
                good.substring(0, good.length() - 2),
                good.substring(0, good.lastIndexOf('.') + 1),
                good + "A",
                flipped(good),
                new PlainJWT(claims).serialize(),
                signed(new JWSHeader.Builder(JWSAlgorithm.HS256).type(type).build(), claims, secret),
                signed(new JWSHeader.Builder(JWSAlgorithm.HS256).keyID(keyId).build(), claims, secret),
                signed(
                        new JWSHeader.Builder(JWSAlgorithm.HS256)
                                .keyID("")
                                .type(type)
                                .build(),
                        claims,
                        new byte[32]),
                signed(
                        new JWSHeader.Builder(JWSAlgorithm.HS256)
                                .keyID("other")
                                .type(type)
                                .build(),
                        claims,
                        new byte[32]),
                signed(
                        new JWSHeader.Builder(JWSAlgorithm.HS256)
                                .keyID(keyId)
                                .type(type)
                                .build(),
                        claims,
                        new byte[32]),
                signed(
                        new JWSHeader.Builder(JWSAlgorithm.HS512)
                                .keyID(keyId)
                                .type(type)
                                .build(),
                        claims,
                        new byte[64]));
        for (String text : bad) {
            assertRefused(
                    node.tickets().open(text),
                    Reason.INVALID,
                    "none that this hub has made",
                    text.length() > 10 ? text : "no such part");
        }
        get(node.tickets().open(good));
        assertThat(get(node.tickets().issue(token("alice", HOUR))).toString()).matches("Ticket\\[expires=\\d+]");
        assertThat(key.toString()).doesNotContain(key.value());
    }

    private static String flipped(String ticket) {
        int at = ticket.indexOf('.') + 20;
        char other = ticket.charAt(at) == 'A' ? 'B' : 'A';
        return ticket.substring(0, at) + other + ticket.substring(at + 1);
    }

    private static String signed(JWSHeader header, JWTClaimsSet claims, byte[] secret) throws Exception {
        SignedJWT ticket = new SignedJWT(header, claims);
        ticket.sign(new MACSigner(secret));
        return ticket.serialize();
    }

    @ParameterizedTest
    @EnumSource
    void aTicketLeavesItsNoteUntilItEnds(Kind kind) {
        EventLog shared = open(kind);
        Node node = node(shared);
        String ticket = get(node.tickets().issue(token("alice", HOUR))).text();
        assertThat(get(shared.notes("ticket/"))).as("of one that nobody opened").isEmpty();
        get(node.tickets().open(ticket));
        get(node.tickets().open(ticket));

        List<Stored> noted = get(shared.notes("ticket/"));
        assertThat(noted).hasSize(1);
        assertThat(noted.toString()).doesNotContain(ticket.split("\\.")[1]).doesNotContain("alice");
        clock.advance(HOUR);
        assertThat(get(shared.notes("ticket/"))).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void aLogThatIsClosedIsOverloadAndNoBadCredential(Kind kind) {
        EventLog shared = open(kind);
        Node node = node(shared);
        String ticket = get(node.tickets().issue(token("alice", HOUR))).text();
        get(node.tickets().open(ticket));
        shared.close();

        assertRefused(node.tickets().open(ticket), Reason.UNAVAILABLE, "does not answer now", ticket);
        clock.advance(Duration.ofMinutes(1));
        assertRefused(node.tickets().open(ticket), Reason.UNAVAILABLE, "does not answer now", ticket);
    }

    @ParameterizedTest
    @EnumSource
    void onAFullDiskWhoWasHereBeforeComesBackAndOthersAreToldToTryAgain(Kind kind) {
        LagLog disk = new LagLog(open(kind));
        Node node = node(disk.seen);
        String known = get(node.tickets().issue(token("alice", HOUR))).text();
        String fresh = get(node.tickets().issue(token("bob", HOUR))).text();
        get(node.tickets().open(known)).close();
        disk.full = true;
        clock.advance(Duration.ofMinutes(1));

        Opening back = get(node.tickets().open(known));
        AtomicInteger moved = new AtomicInteger();
        back.onMoved(moved::incrementAndGet);
        clock.advance(Duration.ofMinutes(-1));
        assertRefused(node.tickets().open(fresh), Reason.UNAVAILABLE, "does not answer now", fresh);
        assertThat(node.tickets().openings()).isEqualTo(1);
        disk.full = false;
        get(node.tickets().open(known));
        assertThat(moved.get()).isEqualTo(1);
    }
}
