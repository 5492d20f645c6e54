package dev.fanfare.cli;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Everything a node can be told, once. Flags, environment variables, the YAML file, {@code serve --help} and the errors are made from
 * this table, and a test compares it with the one in docs/http.md.
 */
final class Definitions {

    /** All settings, in the order of the help. */
    static final List<Setting<?>> ALL;

    private static final List<Setting<?>> DEFINED = new ArrayList<>();
    private static final String LISTENING = "Listening";
    private static final String HISTORY = "History";
    private static final String STREAMS = "Streams";
    private static final String ACCESS = "Access";
    private static final String LIMITS = "Limits";
    private static final String LOGGING = "Logging";

    static final Setting<String> HOST = define(
            LISTENING,
            "host",
            SettingType.text("ADDRESS", "an address or a name"),
            "127.0.0.1",
            "the address to listen on");
    static final Setting<Integer> PORT = define(LISTENING, "port", SettingType.port(), "7070", "the port to listen on");
    static final Setting<Optional<Integer>> ADMIN_PORT = define(
            LISTENING,
            "admin.port",
            SettingType.port().or("off"),
            "off",
            "a port of its own for what is the operator's: /stats, /streams, /topics, /metrics, deleting topics");
    static final Setting<List<String>> HOST_NAMES = define(
            LISTENING,
            "host.names",
            SettingType.list("host names"),
            "none",
            "names this node is reached by, beside localhost and IP addresses; a request for another Host gets 421");
    static final Setting<List<String>> PROXIES_TRUSTED = define(
            LISTENING,
            "proxies.trusted",
            SettingType.list("addresses and networks like 10.0.0.0/8"),
            "none",
            "proxies whose X-Forwarded-For and Forwarded say whose request it is");
    static final Setting<Optional<List<String>>> CORS_ORIGINS = define(
            LISTENING,
            "cors.origins",
            SettingType.list("origins like https://example.com").or("unset"),
            "unset",
            "web pages that may use this node; unset: those of this machine, while it listens on loopback; * for all");
    static final Setting<Boolean> INSECURE = define(
            LISTENING,
            "insecure",
            SettingType.yesOrNo(),
            "false",
            "listen beyond this machine, and take any Host, though everyone may publish");
    static final Setting<Integer> LOOPS = define(
            LISTENING,
            "loops",
            SettingType.count().or("cores", Runtime.getRuntime()::availableProcessors),
            "cores",
            "event loop threads");

    static final Setting<String> DATA = define(
            HISTORY,
            "data",
            SettingType.text("DIR", "a directory"),
            "./fanfare-data",
            "the directory of the log, for one node at a time");
    static final Setting<Duration> DATA_LOCK_WAIT = define(
            HISTORY,
            "data.lock-wait",
            SettingType.time("0s", "1h"),
            "30s",
            "how long to wait for the node before this one to let go of its directory");
    static final Setting<Optional<String>> REDIS = define(
            HISTORY,
            "redis",
            SettingType.redisUrl().or("off"),
            "off",
            "the Redis or Valkey server of the log, for many nodes; instead of a directory",
            Setting.Form.URL);
    static final Setting<String> REDIS_HUB = define(
            HISTORY,
            "redis.hub",
            SettingType.name("1 to 64 letters, digits, dots, hyphens, underscores", "[A-Za-z0-9._-]{1,64}"),
            "default",
            "the hub's name on that server, the same for all of its nodes; several hubs may share a server");
    static final Setting<Optional<String>> REDIS_CA = define(
            HISTORY,
            "redis.ca",
            SettingType.text("FILE", "a PEM file of certificates").or("off"),
            "off",
            "who may sign the certificate of that server, with rediss; off: those that Java knows");
    static final Setting<Optional<String>> REDIS_CERT = define(
            HISTORY,
            "redis.cert",
            SettingType.text("FILE", "a PEM file of certificates").or("off"),
            "off",
            "this node's own certificate, for a server with tls-auth-clients; goes with redis.key");
    static final Setting<Optional<String>> REDIS_KEY = define(
            HISTORY,
            "redis.key",
            SettingType.text("FILE", "a PEM file of a key").or("off"),
            "off",
            "the file with that certificate's key, in PKCS #8 and without a password");
    static final Setting<Optional<String>> REDIS_SENTINEL_PASSWORD = define(
            HISTORY,
            "redis.sentinel-password",
            SettingType.text("SECRET", "a text").or("off"),
            "off",
            "the sentinels' own password; the one in the URL is the servers'",
            Setting.Form.SECRET);
    static final Setting<Duration> REDIS_TIMEOUT = define(
            HISTORY,
            "redis.timeout",
            SettingType.time("100ms", "1m"),
            "5s",
            "how long an answer of that server may take; then publishes are refused until it answers");
    static final Setting<Optional<List<String>>> REDIS_INGRESS_CHANNELS = define(
            HISTORY,
            "redis.ingress.channels",
            SettingType.channels().or("off"),
            "off",
            "channels of Redis' Pub/Sub whose messages become events");
    static final Setting<List<String>> REDIS_INGRESS_TOPIC = define(
            HISTORY,
            "redis.ingress.topic",
            SettingType.templates(),
            "{topic},users/{userId}",
            "a message's topic: members of it in braces; the first one counts whose members are there");
    static final Setting<String> REDIS_INGRESS_EVENT = define(
            HISTORY,
            "redis.ingress.event",
            SettingType.text("MEMBER", "a member's name"),
            "event",
            "the member of a message that is the event type");
    static final Setting<String> REDIS_INGRESS_DATA = define(
            HISTORY,
            "redis.ingress.data",
            SettingType.text("MEMBER", "a member's name"),
            "data",
            "the member of a message that is the data; without it, the whole message is");
    static final Setting<String> REDIS_INGRESS_ID = define(
            HISTORY,
            "redis.ingress.id",
            SettingType.text("MEMBER", "a member's name"),
            "id",
            "the member of a message that is the event's id");
    static final Setting<Long> REDIS_INGRESS_QUEUE_BYTES = define(
            HISTORY,
            "redis.ingress.queue-bytes",
            SettingType.size(),
            "16MiB",
            "messages that may wait for the log; what comes beyond is dropped and counted");
    static final Setting<String> DURABILITY = define(
            HISTORY,
            "durability",
            SettingType.oneOf("os", "disk"),
            "os",
            "when a publish is answered: os, once written (survives kill -9); disk, once on the disk (survives power loss)");
    static final Setting<Duration> RETENTION_AGE =
            define(HISTORY, "retention.age", SettingType.time("1s", "36500d"), "24h", "how long events are kept");
    static final Setting<Long> RETENTION_BYTES =
            define(HISTORY, "retention.bytes", SettingType.size(), "1GiB", "how much is kept; the oldest goes first");
    static final Setting<Optional<Integer>> RETENTION_EVENTS = define(
            HISTORY,
            "retention.events",
            SettingType.count().or("off"),
            "off",
            "how many events of each topic are kept");
    static final Setting<Boolean> RETENTION_KEEP_LAST = define(
            HISTORY,
            "retention.keep-last",
            SettingType.yesOrNo(),
            "false",
            "keep the newest event of a topic beyond its age");
    static final Setting<Long> WINDOW_BYTES = define(
            HISTORY,
            "window.bytes",
            SettingType.size(),
            "64MiB",
            "memory for the newest events, encoded and ready to send");
    static final Setting<Duration> IDEMPOTENCY_WINDOW = define(
            HISTORY,
            "idempotency.window",
            SettingType.time("1s", "365d"),
            "10m",
            "how long an Idempotency-Key is remembered");

    static final Setting<Duration> HEARTBEAT = define(
            STREAMS, "heartbeat", SettingType.time("1s", "120s"), "15s", "time between heartbeats of an idle stream");
    static final Setting<Duration> RETRY =
            define(STREAMS, "retry", SettingType.time("500ms", "1h"), "3s", "reconnection time that clients are told");
    static final Setting<Duration> RETRY_MAX = define(
            STREAMS,
            "retry.max",
            SettingType.time("500ms", "1h"),
            "60s",
            "the longest reconnection time told under load");
    static final Setting<String> SLOW = define(
            STREAMS,
            "slow",
            SettingType.oneOf("catch-up", "latest", "close"),
            "catch-up",
            "when a client can't keep up: it lags and reads on, it skips to the newest of each topic, it is closed");

    static final Setting<Optional<Duration>> SLOW_MAX_LAG = define(
            STREAMS,
            "slow.max-lag",
            SettingType.time("1s", "24h").or("off"),
            "off",
            "how long a stream may be behind because its client takes no more; it is ended, and resumes by its id");
    static final Setting<Duration> DRAIN_DELAY = define(
            STREAMS,
            "drain.delay",
            SettingType.time("0s", "1h"),
            "5s",
            "after SIGTERM, how long new streams are taken yet: until proxies have noticed");
    static final Setting<Duration> DRAIN_TIME = define(
            STREAMS, "drain.time", SettingType.time("0s", "24h"), "20s", "after that, over how long streams are ended");

    static final Setting<Optional<String>> AUTH_KEY = define(
            ACCESS,
            "auth.key",
            SettingType.text("SECRET", "a secret of at least 32 bytes").or("off"),
            "off",
            "the secret that tokens (HS256) are signed with; openssl rand -base64 32 makes one",
            Setting.Form.SECRET);
    static final Setting<Optional<String>> AUTH_PUBLIC_KEY = define(
            ACCESS,
            "auth.public-key",
            SettingType.text("PEM", "PEM of a public key").or("off"),
            "off",
            "the public key, RSA, EC or Ed25519, that tokens are verified with",
            Setting.Form.FILE);
    static final Setting<Optional<URI>> AUTH_JWKS = define(
            ACCESS,
            "auth.jwks",
            SettingType.url().or("off"),
            "off",
            "where an issuer publishes its keys; goes with issuer and audience");
    static final Setting<Optional<String>> AUTH_ISSUER = define(
            ACCESS, "auth.issuer", SettingType.text("ISS", "a text").or("off"), "off", "what a token's iss has to be");
    static final Setting<Optional<String>> AUTH_AUDIENCE = define(
            ACCESS,
            "auth.audience",
            SettingType.text("AUD", "a text").or("off"),
            "off",
            "what a token's aud has to hold");
    static final Setting<String> AUTH_CLAIM = define(
            ACCESS,
            "auth.claim",
            SettingType.text("CLAIM", "a claim's name, or a path with dots"),
            "fanfare",
            "where in a token the rights are");
    static final Setting<Duration> AUTH_LEEWAY = define(
            ACCESS, "auth.leeway", SettingType.time("0s", "5m"), "30s", "how far the clocks of tokens may differ");
    static final Setting<Optional<String>> AUTH_API_KEYS = define(
            ACCESS,
            "auth.api-keys",
            SettingType.text("JSON", "an array of objects").or("off"),
            "off",
            "keys of backends, in JSON",
            Setting.Form.FILE);
    static final Setting<Optional<List<String>>> AUTH_ANONYMOUS_SUBSCRIBE = define(
            ACCESS,
            "auth.anonymous.subscribe",
            SettingType.list("selectors").or("off"),
            "off",
            "what may be read without a credential");

    static final Setting<Integer> LIMITS_STREAMS = define(
            LIMITS,
            "limits.streams",
            SettingType.count().or("auto", StreamLimit::ofThisMachine),
            "auto",
            "open streams; auto: by memory and file descriptors");
    static final Setting<Optional<Integer>> LIMITS_STREAMS_PER_IP = define(
            LIMITS,
            "limits.streams-per-ip",
            SettingType.count().or("off"),
            "off",
            "open streams of one address; of IPv6, one /64");
    static final Setting<Optional<Integer>> LIMITS_STREAMS_PER_USER =
            define(LIMITS, "limits.streams-per-user", SettingType.count().or("off"), "off", "open streams of one user");
    static final Setting<Optional<Duration>> LIMITS_STREAM_AGE = define(
            LIMITS,
            "limits.stream-age",
            SettingType.time("1s", "365d").or("off"),
            "off",
            "after how long, or up to a tenth sooner, a stream is ended, to be opened anew");
    static final Setting<Optional<Integer>> LIMITS_PUBLISH_RATE = define(
            LIMITS,
            "limits.publish-rate",
            SettingType.count().or("off"),
            "off",
            "events a second of one credential, or address; 429 above, a streaming publish is slowed down");
    static final Setting<Optional<Long>> LIMITS_CATCH_UP_RATE = define(
            LIMITS,
            "limits.catch-up-rate",
            SettingType.size().or("off"),
            "off",
            "bytes a second that one address may read behind the newest events; slowed down above");
    static final Setting<Duration> LIMITS_WRITE_TIME = define(
            LIMITS,
            "limits.write-time",
            SettingType.time("1s", "24h"),
            "60s",
            "how long a stream's client may take nothing of what it is sent; cut after");
    static final Setting<Integer> LIMITS_TOPICS =
            define(LIMITS, "limits.topics", SettingType.count(), "10000000", "topics that hold an event");
    static final Setting<Integer> LIMITS_TOPICS_PER_STREAM =
            define(LIMITS, "limits.topics-per-stream", SettingType.count(), "100", "selectors of one stream");
    static final Setting<Integer> LIMITS_EVENT_BYTES =
            define(LIMITS, "limits.event-bytes", SettingType.buffer(), "1MiB", "data of one event; 413 above");
    static final Setting<Integer> LIMITS_BODY_BYTES = define(
            LIMITS, "limits.body-bytes", SettingType.buffer(), "16MiB", "a JSON document of several events; 413 above");
    static final Setting<Integer> LIMITS_HEAD_BYTES = define(
            LIMITS,
            "limits.head-bytes",
            SettingType.buffer(),
            "16KiB",
            "request line and headers of one request; 414 or 431 above");
    static final Setting<Duration> LIMITS_REQUEST_TIME = define(
            LIMITS,
            "limits.request-time",
            SettingType.time("100ms", "1h"),
            "10s",
            "time to send a request's head, and its body");
    static final Setting<Duration> PUBLISH_IDLE = define(
            LIMITS,
            "publish.idle",
            SettingType.time("1s", "24h"),
            "60s",
            "time a streaming publish may be silent; 408 after");
    static final Setting<Duration> LIMITS_IDLE = define(
            LIMITS,
            "limits.idle",
            SettingType.time("100ms", "24h"),
            "75s",
            "time a connection may wait between requests");

    static final Setting<String> LOG_FORMAT = define(
            LOGGING,
            "log.format",
            SettingType.oneOf("text", "json"),
            "text",
            "lines on standard error, or JSON objects");

    static {
        ALL = List.copyOf(DEFINED);
    }

    /** What a running node takes up when it reads its settings again. */
    static final Set<Setting<?>> RELOADABLE = Set.of(
            HOST_NAMES,
            CORS_ORIGINS,
            HEARTBEAT,
            SLOW,
            DRAIN_DELAY,
            DRAIN_TIME,
            LIMITS_STREAMS,
            LIMITS_TOPICS_PER_STREAM,
            LIMITS_EVENT_BYTES,
            LIMITS_BODY_BYTES,
            LIMITS_HEAD_BYTES,
            LIMITS_REQUEST_TIME,
            LIMITS_IDLE,
            PUBLISH_IDLE,
            SLOW_MAX_LAG,
            AUTH_KEY,
            AUTH_PUBLIC_KEY,
            AUTH_JWKS,
            AUTH_ISSUER,
            AUTH_AUDIENCE,
            AUTH_CLAIM,
            AUTH_LEEWAY,
            AUTH_API_KEYS,
            AUTH_ANONYMOUS_SUBSCRIBE,
            LIMITS_STREAMS_PER_IP,
            LIMITS_STREAMS_PER_USER,
            LIMITS_STREAM_AGE,
            LIMITS_PUBLISH_RATE,
            LIMITS_CATCH_UP_RATE,
            LIMITS_WRITE_TIME);

    private Definitions() {}

    private static <T> Setting<T> define(
            String group, String name, SettingType<T> type, String defaultText, String help) {
        return define(group, name, type, defaultText, help, Setting.Form.PLAIN);
    }

    private static <T> Setting<T> define(
            String group, String name, SettingType<T> type, String defaultText, String help, Setting.Form form) {
        Setting<T> setting = new Setting<>(group, name, type, defaultText, help, form);
        DEFINED.add(setting);
        return setting;
    }
}
