package dev.fanfare.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fanfare.auth.AuthRefused.Reason;
import dev.fanfare.hub.EventLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Revocations on either log, with several nodes on one, and after restarts. */
class RevocationsTest extends LogTest {

    private static final Duration HOUR = Duration.ofHours(1);

    @ParameterizedTest
    @EnumSource
    void whatWasIssuedToAUserUntilNowIsRefusedOnEveryNodeAtOnceAndAfterARestart(Kind kind) {
        EventLog first = open(kind);
        Node a = node(first);
        Node b = node(first);
        Caller before = token("alice", HOUR);
        Caller bob = token("bob", HOUR);
        Caller timeless = new Caller(Caller.Kind.JWT, "alice", Rights.NONE, before.until(), 0, "user alice");
        assertThatCode(() -> b.revocations().check(before)).doesNotThrowAnyException();

        get(a.revocations().revoke("alice"));
        Caller sameSecond = token("alice", HOUR);
        clock.advance(Duration.ofSeconds(1));
        Caller after = token("alice", HOUR);

        List<Node> nodes = new ArrayList<>(List.of(a, b, node(first)));
        for (Node node : nodes) {
            check(node, before, sameSecond, timeless, after, bob);
        }
        clock.advance(Duration.ofDays(400));
        check(node(restart(kind, first)), before, sameSecond, timeless, after, bob);
    }

    private static void check(Node node, Caller before, Caller sameSecond, Caller timeless, Caller after, Caller bob) {
        for (Caller revoked : List.of(before, sameSecond, timeless)) {
            assertThatThrownBy(() -> node.revocations().check(revoked))
                    .isInstanceOf(AuthRefused.class)
                    .hasMessageContaining("revoked; sign in again")
                    .extracting(failure -> ((AuthRefused) failure).reason())
                    .isEqualTo(Reason.INVALID);
        }
        for (Caller good : List.of(after, bob, apiKey("**"), Caller.OPEN)) {
            assertThatCode(() -> node.revocations().check(good)).doesNotThrowAnyException();
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyNodeHearsWhoseStreamsAreOver(Kind kind) {
        EventLog shared = open(kind);
        Node a = node(shared);
        Node b = node(shared);
        List<String> heard = new ArrayList<>();
        a.revocations().onRevoked((user, time) -> heard.add("a " + user + " " + time));
        b.revocations().onRevoked((user, time) -> {
            throw new IllegalStateException("made to fail");
        });
        b.revocations().onRevoked((user, time) -> heard.add("b " + user + " " + time));
        get(a.revocations().revoke("auth0|a/b"));

        assertThat(heard).containsExactlyInAnyOrder("a auth0|a/b " + clock.millis(), "b auth0|a/b " + clock.millis());
    }

    @ParameterizedTest
    @EnumSource
    void aNodeThatHasLostEntriesAsksTheLogWhoIsRevoked(Kind kind) {
        EventLog shared = open(kind);
        LagLog lag = new LagLog(shared);
        Node behind = node(lag.seen);
        Node ahead = node(shared);
        Caller alice = token("alice", HOUR);
        List<String> heard = new CopyOnWriteArrayList<>();
        behind.revocations().onRevoked((user, time) -> heard.add(user));
        lag.hold();
        get(ahead.revocations().revoke("alice"));
        lag.lose(get(shared.tail()));

        await().untilAsserted(() -> assertThat(heard).containsExactly("alice"));
        assertRefused(behind.tickets().issue(alice), Reason.INVALID, "revoked");
        get(ahead.revocations().revoke("bob"));
        assertThat(heard).containsExactly("alice", "bob");
    }

    @ParameterizedTest
    @EnumSource
    void aRevokedUsersTicketsAreRefusedThoughTheyWereMadeLaterOfAnOldToken(Kind kind) {
        EventLog shared = open(kind);
        LagLog lag = new LagLog(shared);
        Node behind = node(lag.seen);
        Node ahead = node(shared);
        Caller alice = token("alice", HOUR);
        String ticket = get(ahead.tickets().issue(alice)).text();
        get(behind.tickets().open(ticket));
        lag.hold();
        get(ahead.revocations().revoke("alice"));
        clock.advance(Duration.ofSeconds(5));
        String made = get(behind.tickets().issue(alice)).text(); // it has not heard of it
        lag.letGo();

        for (Node node : List.of(ahead, behind)) {
            assertRefused(node.tickets().open(ticket), Reason.INVALID, "revoked", ticket);
            assertRefused(node.tickets().open(made), Reason.INVALID, "revoked", made);
            assertRefused(node.tickets().issue(alice), Reason.INVALID, "revoked");
        }
        String anew = get(behind.tickets().issue(token("alice", HOUR))).text();
        get(ahead.tickets().open(anew));
    }

    @ParameterizedTest
    @EnumSource
    void ticketsThatAnApiKeyMadeBeforeAreRefusedAndThoseAfterAreGood(Kind kind) {
        Node node = node(open(kind));
        TicketRequest request = TicketRequest.of("alice", null, null);
        String before = get(node.tickets().issue(apiKey("**"), request)).text();
        get(node.tickets().open(before));
        get(node.revocations().revoke("alice"));
        clock.advance(Duration.ofMillis(1)); // within the same second
        String after = get(node.tickets().issue(apiKey("**"), request)).text();

        assertRefused(node.tickets().open(before), Reason.INVALID, "revoked", before);
        get(node.tickets().open(after));
    }

    @ParameterizedTest
    @EnumSource
    void aClockThatStepsBackUndoesNoRevocation(Kind kind) {
        Node node = node(open(kind));
        Caller alice = token("alice", HOUR);
        get(node.revocations().revoke("alice"));
        clock.advance(Duration.ofHours(-2));
        get(node.revocations().revoke("alice"));

        assertThat(node.revocations().isRevoked("alice", alice.issued())).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void aRevocationThatCameWhileTheOthersWereReadIsKnown(Kind kind) {
        EventLog shared = open(kind);
        Node first = node(shared);
        for (int i = 0; i < 50; i++) {
            CompletableFuture<Revocations> starting =
                    CompletableFuture.supplyAsync(() -> get(Revocations.start(shared)));
            CompletableFuture<Void> revoking =
                    first.revocations().revoke("user" + i).toCompletableFuture();
            get(revoking);
            assertThat(get(starting).isRevoked("user" + i, clock.millis()))
                    .as("try %d", i)
                    .isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource
    void onlySomebodyCanBeRevoked(Kind kind) {
        Node node = node(open(kind));
        assertThatThrownBy(() -> node.revocations().revoke("")).hasMessageContaining("empty");
        assertThatThrownBy(() -> node.revocations().revoke("x".repeat(600))).hasMessageContaining("longer than 250");
        get(node.revocations().revoke("/".repeat(80)));
        assertThat(node.revocations().isRevoked("/".repeat(80), 0)).isTrue();
    }
}
