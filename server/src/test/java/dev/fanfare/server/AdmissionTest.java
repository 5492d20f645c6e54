package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.auth.AuthSettings;
import dev.fanfare.auth.TokenMaker;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What one client may take, over real sockets; a trusted proxy stands for many clients. */
class AdmissionTest {

    private static final String ALICE = "X-Forwarded-For: 203.0.113.5";
    private static final String BOB = "X-Forwarded-For: 203.0.113.6";

    private static TestNode.Bounds behindAProxy(TestNode.Bounds bounds) {
        bounds.trustedProxies = List.of("127.0.0.1");
        return bounds;
    }

    private static int tracked(TestNode node) {
        return ((Number) node.get("/stats").has(200).field("clients")).intValue();
    }

    @Test
    void streamsOfOneAddressAreBoundedAndThoseOfAnotherAreNot() {
        try (TestNode node = TestNode.with(bounds -> behindAProxy(bounds).streamsPerIp = 2);
                Subscriber one = node.listen("topic=a", ALICE);
                Subscriber two = node.listen("topic=a", ALICE);
                Subscriber other = node.listen("topic=a", BOB)) {
            Answer refused = node.get("/events?topic=a", ALICE).has(200);
            assertThat(refused.header("Content-Type")).isEqualTo("text/event-stream");
            assertThat(refused.header("Fanfare-Refused")).isEqualTo("limit");
            assertThat(refused.text()).matches(": limit\nretry: \\d{4,5}\n");
            node.hasStreams(3);
            one.close();
            node.hasStreams(2);
            try (Subscriber next = node.listen("topic=a", ALICE)) {
                node.publish("a", "x");
                for (Subscriber stream : List.of(next, two, other)) {
                    assertThat(stream.next().data()).isEqualTo("x");
                }
            }
        }
    }

    @Test
    void addressesOfOneIpv6NetworkAreOneClient() {
        try (TestNode node = TestNode.with(bounds -> behindAProxy(bounds).streamsPerIp = 1);
                Subscriber one = node.listen("topic=a", "X-Forwarded-For: 2001:db8:0:1::5");
                Subscriber other = node.listen("topic=a", "X-Forwarded-For: 2001:db8:0:2::5")) {
            assertThat(node.get("/events?topic=a", "X-Forwarded-For: 2001:db8:0:1:ffff::6")
                            .header("Fanfare-Refused"))
                    .isEqualTo("limit");
            node.hasStreams(2);
            one.close();
            other.close();
        }
    }

    /** The header of a token of this user that allows everything. */
    private static String token(AuthSettings auth, String user) {
        TokenMaker maker = new TokenMaker(auth, InstantSource.system());
        return "Authorization: Bearer " + maker.make(user, List.of("**"), List.of("**"), true, Duration.ofHours(1));
    }

    private static AuthSettings withKey() {
        return new AuthSettings(
                "a secret of at least 32 bytes, for this test",
                null,
                null,
                null,
                null,
                "fanfare",
                Duration.ofSeconds(30),
                List.of(),
                List.of());
    }

    @Test
    void streamsOfOneUserAreBoundedWhereverTheyComeFrom() {
        AuthSettings auth = withKey();
        String alice = token(auth, "alice");
        try (TestNode node = TestNode.with(bounds -> {
                    behindAProxy(bounds).streamsPerUser = 2;
                    bounds.auth = auth;
                });
                Subscriber one = node.listen("topic=a", alice, ALICE);
                Subscriber two = node.listen("topic=a", token(auth, "alice"), BOB);
                Subscriber other = node.listen("topic=a", token(auth, "bob"), ALICE)) {
            Answer refused = node.get("/events?topic=a", alice, BOB).has(200);
            assertThat(refused.header("Fanfare-Refused")).isEqualTo("limit");
            one.close();
            Awaitility.await("room for another stream of the same user").until(() -> {
                try (Subscriber next = node.subscribe("/events?topic=a", alice)) {
                    return next.head().all("Fanfare-Refused").isEmpty();
                }
            });
            node.post("/topics/a", "x", alice).has(201);
            assertThat(two.next().data()).isEqualTo("x");
            assertThat(other.next().data()).isEqualTo("x");
        }
    }

    @Test
    void whoHasACredentialIsLimitedByItAndNotByTheAddress() {
        AuthSettings auth = withKey();
        String alice = token(auth, "alice");
        try (TestNode node = TestNode.with(bounds -> {
            bounds.publishRate = 1;
            bounds.auth = auth;
        })) {
            String events = "[" + "{\"topic\":\"a\",\"data\":\"x\"},".repeat(20) + "{\"topic\":\"a\",\"data\":\"x\"}]";
            node.post("/events", events, "Content-Type: application/json", alice)
                    .has(200);
            node.post("/topics/a", "x", alice).isProblem(429);
            node.post("/topics/a", "x", token(auth, "bob")).has(201);
        }
    }

    @Test
    void clientsThatHaveGoneAreForgotten() {
        try (TestNode node = TestNode.with(bounds -> {
            behindAProxy(bounds).streamsPerIp = 1;
            bounds.publishRate = 5;
            bounds.catchUpRate = 1_000_000L;
        })) {
            for (int i = 0; i < 50; i++) {
                String client = "X-Forwarded-For: 198.51.100." + i;
                node.post("/topics/a", "x", client).has(201);
                node.listen("topic=a&from=start", client).close();
            }
            assertThat(tracked(node)).isPositive();
            Awaitility.await("clients that something is known of")
                    .atMost(20, TimeUnit.SECONDS)
                    .until(() -> tracked(node) == 0);
        }
    }

    @Test
    void whoPublishesMoreThanHeMayIsToldWhenToGoOnAndOthersAreNotHeldUp() {
        try (TestNode node = TestNode.with(bounds -> behindAProxy(bounds).publishRate = 2)) {
            int taken = 0;
            Answer refused = node.post("/topics/a", "x", ALICE);
            for (; refused.status() == 201; refused = node.post("/topics/a", "x", ALICE)) {
                taken++;
            }
            refused.isProblem(429, "limits.publish-rate");
            assertThat(Integer.parseInt(refused.header("Retry-After"))).isBetween(1, 2);
            assertThat(taken)
                    .as("a second's worth, and what the test's own time gave")
                    .isBetween(2, 30);
            node.post("/topics/a", "x", BOB).has(201);
            Awaitility.await().until(() -> node.post("/topics/a", "x", ALICE).status() == 201);
        }
    }

    @Test
    void aDocumentOfMoreEventsThanASecondsWorthIsTakenAndOwedFor() {
        try (TestNode node = TestNode.with(bounds -> behindAProxy(bounds).publishRate = 10)) {
            String events = ("{\"topic\":\"a\",\"data\":\"x\"},").repeat(50);
            String document = "[" + events.substring(0, events.length() - 1) + "]";
            node.post("/events", document, "Content-Type: application/json", ALICE)
                    .has(200);
            Answer refused = node.post("/events", document, "Content-Type: application/json", ALICE)
                    .isProblem(429);
            assertThat(Integer.parseInt(refused.header("Retry-After"))).isBetween(3, 6);
        }
    }

    @Test
    void aStreamingPublishIsSlowedDownAndAllOfItIsPublished() {
        try (TestNode node = TestNode.with(bounds -> {
                    bounds.publishRate = 200;
                    bounds.publishIdle = Duration.ofSeconds(1);
                });
                Wire wire = node.connect()) {
            String lines = ("{\"data\":\"" + "x".repeat(2_000) + "\"}\n").repeat(800);
            long begin = System.nanoTime();
            wire.patience(30_000).post("/topics/a", lines, "Content-Type: application/x-ndjson");
            assertThat(wire.answer().has(200).field("published")).isEqualTo(800L);
            double seconds = (System.nanoTime() - begin) / 1e9;
            assertThat(seconds)
                    .as("seconds for 800 events at 200 a second, the first 200 and the last read's worth at once")
                    .isBetween(2.0, 8.0);
        }
    }

    @Test
    void historyIsReadNoFasterThanItMayBeAndWhatIsLiveIsNotHeldUp() {
        try (TestNode node = TestNode.with(bounds -> {
            behindAProxy(bounds).catchUpRate = 500_000L;
        })) {
            for (int i = 0; i < 40; i++) {
                node.publish("a", i + " " + "x".repeat(50_000));
            }
            long begin = System.nanoTime();
            try (Subscriber slowed = node.listen("topic=a&from=start", ALICE);
                    Subscriber live = node.listen("topic=a", ALICE)) {
                node.publish("a", "40 live");
                assertThat(live.next().data()).isEqualTo("40 live");
                assertThat((System.nanoTime() - begin) / 1e9)
                        .as("seconds until the live event")
                        .isLessThan(2.0);
                List<String> numbers = new ArrayList<>();
                for (int i = 0; i <= 40; i++) {
                    numbers.add(slowed.next().data().split(" ")[0]);
                }
                assertThat(numbers)
                        .isEqualTo(IntStream.rangeClosed(0, 40)
                                .mapToObj(String::valueOf)
                                .toList());
                double seconds = (System.nanoTime() - begin) / 1e9;
                assertThat(seconds)
                        .as("seconds for 2 MB at 0.5 MB a second, the first second's worth at once")
                        .isBetween(2.0, 9.0);
            }
        }
    }

    @Test
    void pagesOfHistoryAreSlowedDownToo() {
        try (TestNode node = TestNode.with(bounds -> behindAProxy(bounds).catchUpRate = 200_000L)) {
            node.publish("a", "x".repeat(150_000));
            long begin = System.nanoTime();
            for (int i = 0; i < 4; i++) {
                assertThat(node.page("topic=a&from=start", ALICE).objects("events"))
                        .hasSize(1);
            }
            assertThat((System.nanoTime() - begin) / 1e9)
                    .as("seconds for 600 kB at 200 kB a second")
                    .isBetween(1.0, 6.0);
        }
    }
}
