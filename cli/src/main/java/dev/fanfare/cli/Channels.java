package dev.fanfare.cli;

import dev.fanfare.http.MessageMapping;
import dev.fanfare.http.Problem;
import dev.fanfare.hub.IngressCounts;
import dev.fanfare.hub.IngressCounts.Outcome;
import dev.fanfare.redis.BadMessage;
import dev.fanfare.redis.Ingress;
import dev.fanfare.redis.RedisLog;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What {@code redis.ingress.*} say: which channels are bridged to topics, and how. */
final class Channels {

    private Channels() {}

    /** Begins to bridge them; null if there are none. */
    static @Nullable Ingress bridge(Settings settings, RedisLog log, IngressCounts counts) {
        List<String> channels =
                settings.value(Definitions.REDIS_INGRESS_CHANNELS).orElse(List.of());
        return channels.isEmpty()
                ? null
                : log.ingress(
                        Set.copyOf(channels),
                        settings.value(Definitions.REDIS_INGRESS_QUEUE_BYTES),
                        mapping(settings),
                        counts);
    }

    /** How a message becomes an event. */
    static Ingress.Mapping mapping(Settings settings) {
        MessageMapping mapping = new MessageMapping(
                settings.value(Definitions.REDIS_INGRESS_TOPIC),
                settings.value(Definitions.REDIS_INGRESS_EVENT),
                settings.value(Definitions.REDIS_INGRESS_DATA),
                settings.value(Definitions.REDIS_INGRESS_ID),
                settings.value(Definitions.LIMITS_EVENT_BYTES));
        return (channel, message) -> {
            try {
                return mapping.publication(channel, message);
            } catch (Problem problem) {
                throw new BadMessage(problem.status() == 413 ? Outcome.OVERSIZED : Outcome.INVALID, problem.title());
            }
        };
    }
}
