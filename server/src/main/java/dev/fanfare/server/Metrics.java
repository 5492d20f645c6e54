package dev.fanfare.server;

import dev.fanfare.hub.EndCause;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Gap;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.HubListener;
import dev.fanfare.hub.IngressCounts;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a node counts and times, for Prometheus. Every series is there from the start, so that a rate over it can be trusted, and no
 * label has a value that users choose. docs/metrics.md is made from what this answers.
 *
 * <p>Thread-safe. What a stream costs is counted by its loop, which this only reads; what is timed here is timed once a batch, an
 * event and loop, or an append.
 */
public final class Metrics implements HubListener {

    static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private static final List<Integer> STATUSES =
            List.of(400, 401, 403, 404, 405, 406, 408, 409, 413, 414, 415, 421, 429, 431, 500, 503, 505, 507);
    private static final Duration[] MILLISECONDS = durations(1_000, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000);
    private static final Duration[] MICROSECONDS =
            durations(1, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 200_000, 1_000_000);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    /** Null until somebody has asked for metrics. */
    private @Nullable JvmGcMetrics gc;

    private final Counter opened = counter("fanfare.streams.opened", "streams that were opened", "", "");
    private final Map<EndCause, Counter> closed = new EnumMap<>(EndCause.class);
    private final Map<Refusal, Counter> refused = new EnumMap<>(Refusal.class);
    private final Map<Gap.Reason, Counter> gaps = new EnumMap<>(Gap.Reason.class);
    private final Map<Integer, Counter> problems = new HashMap<>();
    private final Counter otherProblems;
    private final Counter reloads = reloads("ok");
    private final Counter failedReloads = reloads("failed");
    private final Timer appends =
            timer("fanfare.append", "time from the asking of the log to its answer", MICROSECONDS);
    private final Timer latency = timer(
            "fanfare.delivery.latency",
            "time from an event's position to its writing to the live streams of a loop, in whole milliseconds",
            MILLISECONDS);
    private final Timer lag = timer(
            "fanfare.loop.lag", "how late event loops do what is due, looked at ten times a second", MILLISECONDS);
    private final DistributionSummary batches = DistributionSummary.builder("fanfare.batch")
            .description("events gathered for streams that want the same, and written to each at once")
            .baseUnit("events")
            .serviceLevelObjectives(1, 2, 5, 10, 20, 50, 100, 200, 500)
            .register(registry);
    private final IngressCounts ingress = new IngressCounts();
    private volatile EventLog.Size log = new EventLog.Size(0, 0, 0, 0, 0, 0);
    private volatile boolean logAnswers = true;

    /** Meters that count from now on. */
    public Metrics() {
        for (EndCause cause : EndCause.values()) {
            closed.put(cause, counter("fanfare.streams.closed", "streams that are over", "cause", cause.text()));
        }
        for (Refusal why : Refusal.values()) {
            refused.put(
                    why,
                    counter("fanfare.streams.refused", "streams that were refused with 200", "reason", why.text()));
        }
        for (Gap.Reason reason : Gap.Reason.values()) {
            gaps.put(
                    reason,
                    counter("fanfare.gaps", "streams that were told of missing events", "reason", reason.text()));
        }
        for (Integer status : STATUSES) {
            problems.put(status, problems(status.toString()));
        }
        otherProblems = problems("other");
        for (IngressCounts.Outcome outcome : IngressCounts.Outcome.values()) {
            FunctionCounter.builder("fanfare.ingress.messages", ingress, counts -> counts.sum(outcome))
                    .description("messages of redis.ingress.channels, by what became of them")
                    .tag("outcome", outcome.text())
                    .register(registry);
        }
        gauge(
                "fanfare.ingress.active",
                "1 while this node is the one that bridges redis.ingress.channels",
                null,
                ingress,
                counts -> counts.active() ? 1 : 0);
    }

    /** Where what bridges another system counts. */
    public IngressCounts ingress() {
        return ingress;
    }

    /** Adds what the virtual machine says of itself; not at the start, since its management costs a start more than all else here. */
    private void bindMachine(JvmGcMetrics collections) {
        new JvmMemoryMetrics().bindTo(registry);
        collections.bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
    }

    /** Reads what these count themselves. */
    void observe(Server server, Hub hub) {
        gauge("fanfare.streams.open", "streams that are open", null, server, Server::streams);
        gauge(
                "fanfare.streams.limit",
                "streams that may be open, limits.streams",
                null,
                server,
                it -> it.settings().streams());
        gauge("fanfare.streams.lagging", "open streams that are behind the newest event", null, hub, Hub::lagging);
        gauge(
                "fanfare.nodes",
                "nodes of the hub that this one knows of, itself included",
                null,
                server,
                it -> 1 + it.peers().others().size());
        gauge("fanfare.draining", "1 while the node prepares to stop", null, server, it -> it.isDraining() ? 1 : 0);
        observe(server.counters(), server.admission());
        gauge(
                "fanfare.load",
                "how loaded the node is, from 0 to 1",
                null,
                server,
                it -> it.load().load());
        gauge(
                "fanfare.retry.longest",
                "the longest reconnection time that streams are told at this load",
                "seconds",
                hub,
                it -> it.longestRetryMillis() / 1e3);
        total("fanfare.published.events", "events published, by whichever node", null, hub, Hub::published);
        total("fanfare.published", "events published, encoded for a stream", "bytes", hub, Hub::publishedBytes);
        total("fanfare.delivered.events", "events delivered, one event to one stream", null, hub, Hub::deliveries);
        total("fanfare.delivered", "written to streams, framing included", "bytes", hub, Hub::deliveredBytes);
        total("fanfare.writes", "writes to streams, of events or heartbeats", null, hub, Hub::writes);
        gauge("fanfare.window", "the newest events, encoded and held in memory", "bytes", hub, Hub::windowBytes);
        gauge(
                "fanfare.log.up",
                "1 while the log answers; its other figures are the last it gave",
                null,
                this,
                it -> it.logAnswers ? 1 : 0);
        gauge("fanfare.log.topics", "topics that hold an event", null, this, it -> it.log.topics());
        gauge("fanfare.log.events", "events in the log", null, this, it -> it.log.events());
        gauge("fanfare.log.notes", "tickets and revocations in the log", null, this, it -> it.log.notes());
        gauge("fanfare.log", "about what the log occupies", "bytes", this, it -> it.log.bytes());
        total("fanfare.log.read.events", "events read from the log, not the window", null, this, it -> it.log.read());
        String version = Metrics.class.getPackage().getImplementationVersion();
        Gauge.builder("fanfare.build.info", () -> 1)
                .description("1; what runs is in the labels")
                .tag("version", version == null ? "unknown" : version)
                .tag("java", String.valueOf(Runtime.version().feature()))
                .register(registry);
    }

    private void observe(Counters counters, Admission admission) {
        total(
                "fanfare.publishes.slowed",
                "times a streaming publish was read no further, limits.publish-rate",
                null,
                counters,
                it -> it.publishesSlowed.sum());
        total(
                "fanfare.history.slowed",
                "times a reading of history had to wait, limits.catch-up-rate",
                null,
                counters,
                it -> it.historySlowed.sum());
        total(
                "fanfare.streams.lagged",
                "streams ended for being behind, slow.max-lag",
                null,
                counters,
                it -> it.endedForLag.sum());
        total(
                "fanfare.streams.cut",
                "streams cut for taking nothing, limits.write-time",
                null,
                counters,
                it -> it.cut.sum());
        total(
                "fanfare.accepts.failed",
                "times a connection could not be accepted",
                null,
                counters,
                it -> it.acceptsFailed.sum());
        gauge("fanfare.clients", "clients whose limits are counted now", null, admission, Admission::tracked);
    }

    /** All series, in Prometheus' text format, with a log of this size, or one that does not answer. */
    synchronized byte[] text(EventLog.@Nullable Size size) {
        logAnswers = size != null;
        if (size != null) {
            log = size;
        }
        if (gc == null) {
            gc = new JvmGcMetrics();
            bindMachine(gc);
        }
        return registry.scrape().getBytes(StandardCharsets.UTF_8);
    }

    void streamOpened() {
        opened.increment();
    }

    void streamClosed(EndCause cause) {
        increment(closed, cause);
    }

    void streamRefused(Refusal why) {
        increment(refused, why);
    }

    void problem(int status) {
        problems.getOrDefault(status, otherProblems).increment();
    }

    void reloaded(boolean done) {
        (done ? reloads : failedReloads).increment();
    }

    void loopLag(long nanos) {
        lag.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void appended(long nanos) {
        appends.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void served(int events) {
        batches.record(events);
    }

    @Override
    public void delivered(long millis) {
        latency.record(millis, TimeUnit.MILLISECONDS);
    }

    @Override
    public void gap(Gap.Reason reason) {
        increment(gaps, reason);
    }

    synchronized void close() {
        if (gc != null) {
            gc.close();
        }
        registry.close();
    }

    private static <E extends Enum<E>> void increment(Map<E, Counter> counters, E which) {
        Counter counter = counters.get(which);
        if (counter != null) {
            counter.increment();
        }
    }

    private Counter problems(String status) {
        return counter("fanfare.problems", "requests answered with a problem", "status", status);
    }

    private Counter reloads(String outcome) {
        return counter("fanfare.reloads", "times that settings were read again", "outcome", outcome);
    }

    private Counter counter(String name, String help, String label, String value) {
        Counter.Builder counter = Counter.builder(name).description(help);
        return (label.isEmpty() ? counter : counter.tag(label, value)).register(registry);
    }

    private Timer timer(String name, String help, Duration[] bounds) {
        return Timer.builder(name)
                .description(help)
                .serviceLevelObjectives(bounds)
                .register(registry);
    }

    private <T> void gauge(String name, String help, @Nullable String unit, T of, ToDoubleFunction<T> value) {
        Gauge.builder(name, of, value)
                .description(help)
                .baseUnit(unit)
                .strongReference(true)
                .register(registry);
    }

    private <T> void total(String name, String help, @Nullable String unit, T of, ToDoubleFunction<T> value) {
        FunctionCounter.builder(name, of, value)
                .description(help)
                .baseUnit(unit)
                .register(registry);
    }

    private static Duration[] durations(int microsUnit, int... values) {
        return Arrays.stream(values)
                .mapToObj(value -> Duration.ofNanos(1_000L * microsUnit * value))
                .toArray(Duration[]::new);
    }
}
