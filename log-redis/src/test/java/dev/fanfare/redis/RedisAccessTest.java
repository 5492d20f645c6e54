package dev.fanfare.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fanfare.hub.Retention;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which servers are used, and how nodes prove who they are. */
class RedisAccessTest {

    private static final Duration BRIEF = Duration.ofMillis(500);

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private static Path certificates;

    @BeforeAll
    static void makeCertificates() throws Exception {
        for (String authority : List.of("ours", "theirs")) {
            openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" + authority
                    + " -keyout " + authority + ".key -out " + authority + ".crt");
        }
        openssl("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=redis"
                + " -addext subjectAltName=IP:127.0.0.1 -keyout redis.key -out redis.csr");
        openssl("x509 -req -days 2 -in redis.csr -copy_extensions copy -CA ours.crt -CAkey ours.key -out redis.crt");
        openssl("ec -in redis.key -out old.key"); // not PKCS #8
    }

    private static void openssl(String words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(Arrays.asList(words.split(" ")));
        Process process = new ProcessBuilder(command)
                .directory(certificates.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as("openssl %s: %s", words, said).isZero();
    }

    private static RedisServer withTls(String... more) {
        return RedisServer.withTls(
                certificates.resolve("redis.crt"),
                certificates.resolve("redis.key"),
                certificates.resolve("ours.crt"),
                more);
    }

    private static RedisSettings tls(RedisServer server, String authority) {
        return tls(server, new RedisSettings.Tls(certificates.resolve(authority), null, null));
    }

    private static RedisSettings tls(RedisServer server, String certificate, String key) {
        return tls(
                server,
                new RedisSettings.Tls(
                        certificates.resolve("ours.crt"),
                        certificates.resolve(certificate),
                        certificates.resolve(key)));
    }

    private static RedisSettings tls(RedisServer server, RedisSettings.Tls tls) {
        return RedisSettings.of("rediss://127.0.0.1:" + server.port()).withTls(tls);
    }

    private static void refuses(RedisSettings settings, String... words) {
        assertThatThrownBy(() -> RedisLog.open(settings, Retention.DEFAULT))
                .isInstanceOf(RedisLogException.class)
                .hasMessageContainingAll(words)
                .hasMessageNotContaining("\n")
                .hasMessageNotContaining("secret");
    }

    private static void accepts(RedisSettings settings) {
        try (RedisLog log = RedisLog.open(settings, Retention.DEFAULT)) {
            assertThat(log.tail().toCompletableFuture().join()).isPositive();
        }
    }

    @Test
    void tlsIsSpokenWithAServerOfAnAuthorityOfOnesOwn() {
        try (RedisServer server = withTls()) {
            accepts(tls(server, "ours.crt"));
        }
    }

    @Test
    void aServerOfAnotherAuthorityIsRefused() {
        try (RedisServer server = withTls()) {
            String where = "Redis at 127.0.0.1:" + server.port();
            refuses(tls(server, "theirs.crt"), where, "redis.ca");
            refuses(RedisSettings.of("rediss://127.0.0.1:" + server.port()), where, "redis.ca");
            refuses(tls(server, "none.crt"), "redis.ca", "none.crt cannot be read");
        }
    }

    @Test
    void aServerThatAsksForItIsShownACertificate() {
        try (RedisServer server = withTls("--tls-auth-clients", "yes")) {
            String where = "Redis at 127.0.0.1:" + server.port();
            accepts(tls(server, "redis.crt", "redis.key"));
            refuses(tls(server, "ours.crt"), where, "redis.cert");
            refuses(tls(server, "theirs.crt", "theirs.key"), where, "redis.cert");
            refuses(tls(server, "redis.crt", "old.key"), "redis.key", "PKCS #8");
            refuses(tls(server, "redis.crt", "none.key"), "redis.key", "none.key cannot be read");
        }
    }

    @Test
    void sentinelsAreGivenAPasswordOfTheirOwn() {
        try (RedisServer server = new RedisServer("--requirepass", "secret");
                RedisServer sentinel = RedisServer.sentinel(
                        "requirepass sesame",
                        "sentinel monitor hub 127.0.0.1 " + server.port() + " 1",
                        "sentinel auth-pass hub secret")) {
            RedisSettings settings = RedisSettings.of("redis-sentinel://:secret@127.0.0.1:" + sentinel.port() + "#hub");
            accepts(settings.withSentinelPassword("sesame"));
            refuses(settings, "127.0.0.1:" + sentinel.port(), "redis.sentinel-password");
            refuses(
                    settings.withSentinelPassword("secret-not"),
                    "127.0.0.1:" + sentinel.port(),
                    "redis.sentinel-password");
        }
    }

    @Test
    void aServerWithoutTlsIsRefusedWhereItIsAskedFor() {
        try (RedisServer server = new RedisServer()) {
            refuses(
                    RedisSettings.of("rediss://127.0.0.1:" + server.port()).withTimeout(BRIEF),
                    "Redis at 127.0.0.1:" + server.port());
        }
    }

    @Test
    void aPasswordIsGivenAndIsInNoMessage() {
        try (RedisServer server = new RedisServer("--requirepass", "secret")) {
            int port = server.port();
            accepts(RedisSettings.of("redis://:secret@127.0.0.1:" + port));
            refuses(
                    RedisSettings.of("redis://:secret-not@127.0.0.1:" + port),
                    "Redis at 127.0.0.1:" + port,
                    "WRONGPASS");
            refuses(RedisSettings.of("redis://127.0.0.1:" + port), "Redis at 127.0.0.1:" + port, "NOAUTH");
            refuses(RedisSettings.of("redis:secret"), "the address of the Redis server is none");
        }
    }

    @Test
    void aUserOfTheServersIsGivenWithThePassword() {
        String rights = "--user default off --user hub on >secret ~{default}:* +@all -@dangerous +info";
        try (RedisServer server = new RedisServer(rights.split(" "))) {
            accepts(RedisSettings.of("redis://hub:secret@127.0.0.1:" + server.port()));
        }
    }

    @Test
    void aServerThatIsTooOldIsRefused() {
        try (RedisServer server = new RedisServer();
                TcpProxy proxy = new TcpProxy(server.port())) {
            String version = server.command("INFO", "server").replaceAll("(?s).*redis_version:([0-9.]+).*", "$1");
            String older = "6.0." + "9".repeat(version.length() - 4);
            proxy.replace("redis_version:" + version, "redis_version:" + older);
            refuses(RedisSettings.of(proxy.uri()), "is version " + older + " (expected: 6.2 or later, or Valkey)");
        }
    }
}
