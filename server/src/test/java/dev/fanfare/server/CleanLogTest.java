package dev.fanfare.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** That the other tests would fail if the node were not at peace. */
class CleanLogTest {

    @Test
    void everyBufferIsWatched() {
        assertThat(ResourceLeakDetector.getLevel()).isEqualTo(ResourceLeakDetector.Level.PARANOID);
    }

    @Test
    void aDroppedBufferIsReported() {
        drop();

        List<String> reports = new ArrayList<>();
        Awaitility.await().until(() -> reports.addAll(CleanLog.takeReports()));
        assertThat(reports.get(0)).contains("LEAK", "not called before it's garbage-collected");
    }

    @Test
    void anErrorOfTheNodeIsReported() {
        System.getLogger("dev.fanfare.server.Somewhere").log(System.Logger.Level.ERROR, "on fire");

        assertThat(CleanLog.takeReports()).singleElement().asString().startsWith("on fire");
    }

    private static void drop() {
        ByteBufAllocator.DEFAULT.buffer().writeBytes("dropped".getBytes(UTF_8));
    }
}
