package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A client that has gone is noticed at once by its close, and nothing of it stays. */
@Tag("transport")
class GoneClientTest {

    private TestNode node;

    @BeforeEach
    void start() {
        node = TestNode.start();
    }

    @AfterEach
    void stop() {
        node.close();
    }

    @Test
    void aStreamThatIsClosedIsGone() {
        Subscriber stream = node.listen("topic=a");
        node.hasStreams(1);
        stream.close();
        node.hasStreams(0);
        assertThat(node.get("/streams").objects("streams")).isEmpty();
    }

    @Test
    void aStreamThatIsResetIsGone() {
        Subscriber stream = node.listen("topic=a");
        stream.wire().reset();
        node.hasStreams(0);
        assertThat(node.get("/streams").objects("streams")).isEmpty();
    }

    @Test
    void aStreamThatIsResetWhileItIsStalledIsGone() {
        Wire wire = Wire.to(node.port(), 4_096);
        Subscriber stream = new Subscriber(wire.get("/events?topic=a&open=none"));
        stream.lead();
        for (int i = 0; i < 20; i++) {
            node.publish("a", "x".repeat(500_000));
        }
        node.hasStreams(1);
        wire.reset();
        node.hasStreams(0);
    }

    @Test
    void aStreamThatGoesWhileItsHistoryIsReadIsGone() {
        try (Wire publisher = node.connect()) {
            for (int i = 0; i < 500; i++) {
                publisher.post("/topics/a", "x".repeat(10_000)).answer().has(201);
            }
        }
        for (int i = 0; i < 50; i++) {
            Wire wire = node.connect().get("/events?topic=a&from=start");
            if (i % 2 == 0) {
                wire.reset();
            } else {
                wire.close();
            }
        }
        node.hasStreams(0);
        node.publish("a", "still alive");
    }

    @Test
    void twoThousandOpensAndClosesLeaveNothing() {
        churn(200);
        node.hasStreams(0);
        long before = Memory.used();
        churn(2_000);
        node.hasStreams(0);
        assertThat(node.get("/streams").objects("streams")).isEmpty();
        Memory.settles(before, 4 << 20);
    }

    private void churn(int count) {
        List<Wire> open = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            open.add(node.connect().get("/events?topic=churn/" + i + "&topic=churn/*&heartbeat=5"));
            if (open.size() == 50) {
                node.publish("churn/" + i, "x");
                for (int j = 0; j < open.size(); j++) {
                    if (j % 2 == 0) {
                        open.get(j).reset();
                    } else {
                        open.get(j).close();
                    }
                }
                open.clear();
            }
        }
        open.forEach(Wire::close);
    }

    @Test
    void longPollsThatGoAwayLeaveNothing() {
        polls(100);
        long before = Memory.used();
        polls(1_000);
        node.publish("poll", "x");
        assertThat(node.get("/streams").objects("streams")).isEmpty();
        Memory.settles(before, 4 << 20);
        assertThat(node.page("topic=poll&from=start").objects("events")).hasSize(1);
    }

    private void polls(int count) {
        for (int i = 0; i < count; i++) {
            try (Wire wire = node.connect()) {
                wire.get("/events?topic=poll&wait=60", "Accept: application/json");
            }
        }
    }

    @Test
    void publishersThatGoAwayInTheMiddleLeaveNothing() {
        brokenPublishes(100);
        long before = Memory.used();
        brokenPublishes(400);
        assertThat(node.page("topic=a&from=start").objects("events")).isEmpty();
        Memory.settles(before, 10 << 20); // of 20 MB sent; the allocator keeps a few chunks
    }

    private void brokenPublishes(int count) {
        for (int i = 0; i < count; i++) {
            try (Wire wire = node.connect()) {
                wire.send(Wire.request("POST", "/topics/a", "Content-Length: 100000") + "x".repeat(50_000));
                if (i % 2 == 0) {
                    wire.reset();
                }
            }
        }
    }

    @Test
    void aClientThatPipelinesAndGoesAtOnceLeavesNothing() {
        for (int i = 0; i < 100; i++) {
            try (Wire wire = node.connect()) {
                wire.post("/topics/a", "x")
                        .get("/events?topic=a&wait=60", "Accept: application/json")
                        .post("/topics/a", "y")
                        .get("/events?topic=a");
            }
        }
        node.hasStreams(0);
    }
}
