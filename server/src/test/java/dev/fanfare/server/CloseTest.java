package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.epoll.Epoll;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What SIGTERM comes to: every stream ends in order. */
@Tag("transport")
class CloseTest {

    @Test
    void eachStreamEndsCleanlyWithAReconnectionTimeOfItsOwn() {
        TestNode node = TestNode.start();
        List<Subscriber> streams = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            streams.add(node.listen("topic=a/" + i));
        }
        node.close();
        Set<String> retries = new HashSet<>();
        for (Subscriber stream : streams) {
            List<String> rest = stream.rest();
            assertThat(rest).as("the last lines").hasSize(1).first().asString().matches("retry: \\d{4,5}");
            retries.addAll(rest);
        }
        assertThat(retries).as("jittered, so that not all come back at once").hasSizeGreaterThan(20);
    }

    @Test
    void anHttp10StreamEndsWithAReconnectionTimeToo() {
        TestNode node = TestNode.start();
        try (Wire wire = node.connect().send("GET /events?topic=a&open=none HTTP/1.0\r\n\r\n")) {
            Subscriber stream = new Subscriber(wire);
            stream.lead();
            node.close();
            assertThat(stream.rest()).singleElement().asString().matches("retry: \\d+");
        }
    }

    @Test
    void whatWasPublishedBeforeTheCloseArrivesBeforeTheEnd() {
        TestNode node = TestNode.start();
        try (Subscriber stream = node.listen("topic=a")) {
            List<String> ids = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                ids.add(node.publish("a", "x"));
            }
            node.close();
            assertThat(stream.next(100)).extracting(Received::id).isEqualTo(ids);
            assertThat(stream.rest()).singleElement().asString().startsWith("retry: ");
        }
    }

    @Test
    void aClosedNodeTakesNoConnection() {
        TestNode node = TestNode.start();
        node.close();
        Assertions.assertThatThrownBy(node::connect).hasCauseInstanceOf(ConnectException.class);
    }

    @Test
    void aStalledStreamDoesNotHoldUpTheClose() {
        TestNode node = TestNode.start();
        try (Wire wire = Wire.to(node.port(), 4_096)) {
            Subscriber stream = new Subscriber(wire.get("/events?topic=a&open=none"));
            stream.lead();
            for (int i = 0; i < 20; i++) {
                node.publish("a", "x".repeat(500_000));
            }
            long start = System.nanoTime();
            node.close();
            assertThat(System.nanoTime() - start).as("nanoseconds").isLessThan(8_000_000_000L);
        }
    }

    @Test
    void aLongPollEndsWithTheNode() {
        TestNode node = TestNode.start();
        try (Wire wire = node.connect()) {
            wire.get("/events?topic=a&wait=60", "Accept: application/json").isSilentFor(200);
            node.close();
            assertThat(wire.readOnce())
                    .satisfiesAnyOf(
                            text -> assertThat(text).isEmpty(),
                            text -> assertThat(text).startsWith("HTTP/1.1 200"),
                            text -> assertThat(text).startsWith("HTTP/1.1 503"));
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void theseTestsRunOnTheTransportThatTheyShould() {
        assertThat(Epoll.isAvailable()).isEqualTo(!Boolean.getBoolean("io.netty.transport.noNative"));
    }
}
