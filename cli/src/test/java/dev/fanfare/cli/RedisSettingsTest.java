package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What says that the log is on Redis, and what does not go together with that. */
class RedisSettingsTest {

    private static final String URL = "redis://user:open-sesame@127.0.0.1:1/3";

    private static void isRefused(Run run, String... message) {
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(run.err()).contains(message).doesNotContain("sesame");
    }

    @Test
    void theLogIsInOnePlace(@TempDir Path directory) throws Exception {
        isRefused(Run.of("serve", "--redis", URL, "--memory"), "--memory and redis, from --redis", "leave one out");
        isRefused(
                Run.of("serve", "--redis", URL, "--data", "somewhere"),
                "redis and data: the log is in Redis or in a directory (expected: one of them), from --redis and --data");
        Path file = Files.writeString(directory.resolve("f.yaml"), "redis: " + URL + "\ndata: somewhere\n");
        isRefused(Run.of("serve", "--config", file.toString()), "from " + file + " line 1 and " + file + " line 2");
    }

    @Test
    void aPromiseThatOnlyADirectoryKeepsIsRefused() {
        isRefused(Run.of("serve", "--redis", URL, "--durability", "disk"), "durability: disk", "appendfsync");
    }

    @Test
    void theUrlIsShownWithoutUserAndPassword(@TempDir Path directory) throws Exception {
        assertThat(Run.of("serve", "--check", "--redis", URL).out())
                .containsPattern("\n# redis: redis://\\*\\*\\*@127.0.0.1:1/3 +# --redis\n")
                .doesNotContain("sesame");
        assertThat(Run.of("serve", "--check", "--redis", "redis://127.0.0.1:1").out())
                .containsPattern("\nredis: 'redis://127.0.0.1:1' +# --redis\n");
        Path file = Files.writeString(directory.resolve("url"), URL + "\n");
        assertThat(Run.of("serve", "--check", "--redis-file", file.toString()).out())
                .containsPattern("\nredis-file: " + file + " +# --redis-file\n")
                .doesNotContain("sesame");
    }

    @Test
    void aUrlThatIsNoneIsRefusedAndNotShown() {
        for (String url : new String[] {"http://x:open-sesame@h", "redis:open-sesame", "redis://u:open sesame@h"}) {
            isRefused(Run.of("serve", "--redis", url), "redis: a secret that is not shown", "redis://");
        }
        isRefused(Run.of("serve", "--redis", URL, "--redis.hub", "a b"), "redis.hub: a b (expected: 1 to 64 letters");
    }

    @Test
    void aCertificateAndItsKeyAreGivenTogether() {
        isRefused(Run.of("serve", "--redis", URL, "--redis.cert", "c.pem"), "redis.cert", "redis.key too");
        isRefused(Run.of("serve", "--redis", URL, "--redis.key", "k.pem"), "redis.key", "redis.cert too");
        assertThat(Run.of("serve", "--redis", URL, "--redis.cert", "c.pem", "--redis.key", "k.pem")
                        .err())
                .contains("redis.cert: c.pem cannot be read");
    }

    @Test
    void thePasswordOfTheSentinelsIsShownToNobody() {
        assertThat(Run.of("serve", "--check", "--redis.sentinel-password", "sesame")
                        .out())
                .contains("# redis.sentinel-password: set, not shown")
                .doesNotContain("sesame");
    }

    @Test
    void aServerThatIsNotThereIsExitCode1AndOneLine() {
        Run run = Run.of("serve", "--redis", URL);

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .startsWith("fanfare: Redis at 127.0.0.1:1 cannot be used")
                .doesNotContain("sesame");
        assertThat(run.err().strip()).hasLineCount(1);
    }
}
