package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.RecordingSink.Received;
import dev.fanfare.redis.RedisServer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What open streams hear when their server has lost events. */
class RedisLossTest {

    @Test
    void anOpenStreamIsToldThatItsServerBeganAnewAndGoesOn() {
        try (RedisServer server = new RedisServer();
                TestHub hub = new TestHub(server.open(Retention.DEFAULT, null), TestHub.SETTINGS)) {
            TestHub.Stream stream = hub.open(Subscription.to("a"));
            TestHub.Stream pattern = hub.open(Subscription.to("**"));
            long first = Position.parse(hub.publish("a", "1"));
            stream.awaitData("1");
            server.kill();
            server.startAgain();
            await().ignoreExceptions().until(() -> Position.parse(hub.publish("a", "2")) > first);

            for (TestHub.Stream one : List.of(stream, pattern)) {
                await().until(() -> one.sink().data().contains("2"));
                List<Received> gaps = one.sink().ofType("fanfare-gap");
                assertThat(gaps).hasSize(1);
                assertThat(gaps.get(0).data()).contains("log-lost");
                List<Received> all = one.sink().received();
                assertThat(all.indexOf(gaps.get(0))).isLessThan(all.size() - 1);
                assertThat(one.sink().ended()).isFalse();
            }
            hub.publish("a", "3");
            await().until(() -> stream.sink().data().contains("3"));
            assertThat(stream.sink().ofType("fanfare-gap")).hasSize(1);
        }
    }
}
