package dev.fanfare.http;

import dev.fanfare.auth.AuthRefused;
import dev.fanfare.auth.Caller;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Form;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Selector;
import dev.fanfare.hub.Start;
import dev.fanfare.hub.Subscription;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A reader's request: which events, from where, in which form; as a stream or, with a limit and a wait, as a JSON page.
 *
 * @param subscription what a stream of it is
 * @param fromNow whether neither a start nor a last event ID was named
 * @param limit of a page: how many events at most
 * @param waitTime of a page: how long to wait for a first event
 */
public record SubscribeRequest(Subscription subscription, boolean fromNow, int limit, Duration waitTime) {

    private static final List<String> ID_PARAMETERS = List.of(
            "lastEventId", "last-event-id", "last_event_id", "lastEventID", "Last-Event-ID", "evs_last_event_id");

    private static final Set<String> KNOWN = known();
    private static final Pattern AGE = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");
    private static final Pattern NEWEST = Pattern.compile("-(\\d{1,9})");

    /**
     * What a node's settings say about streams.
     *
     * @param topicsPerStream how many selectors at most
     * @param heartbeat the interval for those who name none
     * @param retry the reconnection time for those who name none
     * @param slow what happens to slow clients that do not say
     */
    public record Defaults(int topicsPerStream, Duration heartbeat, Duration retry, Subscription.Slow slow) {}

    private static Set<String> known() {
        List<String> names = new ArrayList<>(ID_PARAMETERS);
        names.addAll(List.of(
                "topic", "from", "event", "with", "heartbeat", "slow", "retry", "open", "limit", "wait", "ticket"));
        return Set.copyOf(names);
    }

    /**
     * Reads a request.
     *
     * @param caller who asks
     * @param pathTopic the topic in the path, or null
     * @param lastEventIdHeader the header of that name, or null
     * @throws Problem 400 that says what is wrong, 401 or 403 if the caller may not
     */
    public static SubscribeRequest of(
            Caller caller,
            @Nullable String pathTopic,
            Query query,
            @Nullable String lastEventIdHeader,
            Defaults defaults,
            InstantSource clock) {
        query.refuseTypos(KNOWN);
        String id = lastEventId(query, lastEventIdHeader);
        Duration heartbeat = defaults.heartbeat();
        String asked = query.first("heartbeat");
        boolean events = asked != null && asked.startsWith("event:");
        if (asked != null) {
            heartbeat = heartbeat(asked, events ? asked.substring("event:".length()) : asked);
        }
        String open = query.first("open");
        if (open != null && !open.equals("none")) {
            throw Problem.badRequest("open=" + open + " (expected: none, to leave out the fanfare-open event)");
        }
        Subscription subscription = new Subscription(
                new Selection(
                        selectors(caller, pathTopic, query, defaults.topicsPerStream()),
                        Set.copyOf(query.all("event"))),
                start(query.first("from"), clock),
                id,
                form(query.first("with")),
                slow(query.first("slow"), defaults.slow()),
                heartbeat,
                events,
                Duration.ofMillis(query.number(
                        "retry", 500, 60_000, (int) defaults.retry().toMillis())),
                open == null);
        String from = query.first("from");
        return new SubscribeRequest(
                subscription,
                id == null && (from == null || from.equals("now")),
                query.number("limit", 1, 1_000, 100),
                Duration.ofSeconds(query.number("wait", 0, 60, 0)));
    }

    /**
     * Whether the client has seen the end of all its topics, so that there is nothing to come back for: 204. Only a client that says
     * what it has seen, of topics that can end, makes this a question to the log; one that has no answer is taken for a no.
     */
    public CompletionStage<Boolean> hasSeenTheEnd(EventLog log) {
        String id = subscription.lastEventId();
        long seen = id == null ? Position.START : Position.parse(id);
        if (seen <= Position.START || !subscription.selection().canEnd()) {
            return CompletableFuture.completedFuture(false);
        }
        return log.ended(subscription.selection())
                .handle((end, failure) -> end != null && end > Position.START && seen >= end);
    }

    private static @Nullable String lastEventId(Query query, @Nullable String header) {
        if (header != null && !header.isEmpty()) {
            return header;
        }
        for (String name : ID_PARAMETERS) {
            String value = query.first(name);
            if (value != null && !value.isEmpty()) {
                return value;
            }
        }
        return null;
    }

    private static List<Selector> selectors(Caller caller, @Nullable String pathTopic, Query query, int most) {
        List<String> names = new ArrayList<>(query.all("topic"));
        if (pathTopic != null) {
            names.add(0, pathTopic);
        }
        if (names.isEmpty()) {
            throw Problem.badRequest("no topic; name one or more: /events?topic=orders/42&topic=news/*");
        }
        if (names.size() > most) {
            throw Problem.badRequest("a stream takes " + most + " topics, not " + names.size()
                    + "; use a pattern such as orders/*, or raise limits.topics-per-stream");
        }
        List<Selector> selectors = new ArrayList<>(names.size());
        for (String name : names) {
            try {
                Selector selector = valid(() -> caller.selector(name));
                caller.checkSubscribe(selector);
                selectors.add(selector);
            } catch (AuthRefused refused) {
                throw Problem.of(refused);
            }
        }
        return selectors;
    }

    static <T> T valid(Supplier<T> value) {
        try {
            return value.get();
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest(String.valueOf(e.getMessage()));
        }
    }

    private static Start start(@Nullable String from, InstantSource clock) {
        if (from == null || from.equals("now")) {
            return Start.NOW;
        }
        if (from.equals("start")) {
            return Start.OLDEST;
        }
        if (from.equals("last")) {
            return Start.LAST;
        }
        Matcher newest = NEWEST.matcher(from);
        if (newest.matches() && Integer.parseInt(newest.group(1)) > 0) {
            return Start.newest(Integer.parseInt(newest.group(1)));
        }
        long position = Position.parse(from);
        if (position > 0) {
            return Start.after(position);
        }
        Duration age = age(from);
        if (age != null) {
            return Start.at(clock.instant().minus(age));
        }
        return Start.at(time(from, clock));
    }

    /** A length of time such as {@code 10m}; null if it is none. */
    static @Nullable Duration age(String text) {
        Matcher age = AGE.matcher(text);
        if (!age.matches()) {
            return null;
        }
        long amount = Long.parseLong(age.group(1));
        return switch (age.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> Duration.ofDays(amount);
        };
    }

    /** An RFC 3339 time; a plus sign that was decoded to a space is taken for what it was. */
    private static Instant time(String from, InstantSource clock) {
        Instant time;
        try {
            time = OffsetDateTime.parse(from.replace(' ', '+')).toInstant();
        } catch (DateTimeException e) {
            throw Problem.badRequest(
                    "from=" + from
                            + " (expected: now, start, last, -10, an id, a time such as 2026-01-31T12:00:00Z, or an age such as 10m)");
        }
        if (time.isAfter(clock.instant())) {
            throw Problem.badRequest("from=" + from + " is in the future (expected: a time that has been)");
        }
        return time;
    }

    private static Form form(@Nullable String with) {
        if (with == null) {
            return Form.PLAIN;
        }
        return switch (with) {
            case "topic" -> Form.TOPIC;
            case "also" -> Form.ALSO;
            case "envelope" -> Form.ENVELOPE;
            default -> throw Problem.badRequest("with=" + with + " (expected: topic, also or envelope)");
        };
    }

    private static Subscription.Slow slow(@Nullable String slow, Subscription.Slow otherwise) {
        if (slow == null) {
            return otherwise;
        }
        return switch (slow) {
            case "catch-up" -> Subscription.Slow.CATCH_UP;
            case "latest" -> Subscription.Slow.LATEST;
            case "close" -> Subscription.Slow.CLOSE;
            default -> throw Problem.badRequest("slow=" + slow + " (expected: catch-up, latest or close)");
        };
    }

    private static Duration heartbeat(String asked, String seconds) {
        try {
            int number = Integer.parseInt(seconds);
            if (number >= 5 && number <= 120) {
                return Duration.ofSeconds(number);
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw Problem.badRequest("heartbeat=" + asked + " (expected: seconds from 5 to 120, or event:20)");
    }
}
