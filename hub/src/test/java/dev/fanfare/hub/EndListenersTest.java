package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EndListenersTest {

    @Test
    void endsAmongLostEntriesAreFoundInTheLog() {
        try (MemoryLog log = new MemoryLog()) {
            EndListeners listeners = new EndListeners(log, entries -> {});
            List<String> called = new ArrayList<>();
            listeners.add(Topic.of("ended"), () -> called.add("ended"));
            listeners.add(Topic.of("goes/on"), () -> called.add("goes/on"));
            long end = log.append(List.of(new TopicEnded(Topic.of("ended"), TopicEnded.Reason.DONE)))
                    .toCompletableFuture()
                    .join()[0];
            assertThat(called).as("the listeners do not follow").isEmpty();

            listeners.lost(end);
            listeners.lost(end + 1);
            assertThat(called).containsExactly("ended");
        }
    }
}
