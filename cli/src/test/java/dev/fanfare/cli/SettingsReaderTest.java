package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsReaderTest {

    @TempDir
    Path directory;

    @Test
    void isAllDefaultsWhenNobodySaysAnything() {
        Settings settings = read("", Map.of(), Map.of());

        assertThat(settings.value(Definitions.HOST)).isEqualTo("127.0.0.1");
        assertThat(settings.value(Definitions.PORT)).isEqualTo(7070);
        assertThat(settings.value(Definitions.RETENTION_AGE)).isEqualTo(Duration.ofDays(1));
        assertThat(settings.value(Definitions.RETENTION_BYTES)).isEqualTo(1L << 30);
        assertThat(settings.value(Definitions.RETENTION_EVENTS)).isEmpty();
        assertThat(settings.value(Definitions.CORS_ORIGINS)).isEmpty();
        assertThat(settings.value(Definitions.HOST_NAMES)).isEmpty();
        assertThat(settings.value(Definitions.LOOPS))
                .isEqualTo(Runtime.getRuntime().availableProcessors());
        assertThat(settings.source(Definitions.PORT)).isEqualTo("default");
    }

    @Test
    void laterSourcesWin() {
        String yaml = "port: 1\nheartbeat: 1s\nlimits.idle: 1s\n";
        Map<String, String> environment = Map.of("FANFARE_PORT", "2", "FANFARE_HEARTBEAT", "2s", "PATH", "/bin");

        Settings settings = read(yaml, environment, Map.of("port", "3"));

        assertThat(settings.value(Definitions.PORT)).isEqualTo(3);
        assertThat(settings.source(Definitions.PORT)).isEqualTo("--port");
        assertThat(settings.value(Definitions.HEARTBEAT)).isEqualTo(Duration.ofSeconds(2));
        assertThat(settings.source(Definitions.HEARTBEAT)).isEqualTo("FANFARE_HEARTBEAT");
        assertThat(settings.value(Definitions.LIMITS_IDLE)).isEqualTo(Duration.ofSeconds(1));
        assertThat(settings.source(Definitions.LIMITS_IDLE)).isEqualTo(file() + " line 3");
    }

    @Test
    void readsNestedAndDottedNamesAndListsFromYaml() {
        Settings settings = read("""
                retention:
                  age: 90m
                  keep-last: true
                limits.streams: 5
                limits:
                  head-bytes: 8KiB
                cors: {origins: ['https://a.example', 'https://b.example']}
                host.names: a.example, b.example
                retry: 500ms
                retry.max: 2m
                """, Map.of(), Map.of());

        assertThat(settings.value(Definitions.RETENTION_AGE)).isEqualTo(Duration.ofMinutes(90));
        assertThat(settings.value(Definitions.RETENTION_KEEP_LAST)).isTrue();
        assertThat(settings.value(Definitions.LIMITS_STREAMS)).isEqualTo(5);
        assertThat(settings.value(Definitions.LIMITS_HEAD_BYTES)).isEqualTo(8192);
        assertThat(settings.value(Definitions.CORS_ORIGINS))
                .contains(List.of("https://a.example", "https://b.example"));
        assertThat(settings.value(Definitions.HOST_NAMES)).containsExactly("a.example", "b.example");
    }

    @Test
    void saysWhatWasWrongWhatWasExpectedAndWhereItStood() {
        assertProblems(
                "",
                Map.of("FANFARE_LIMITS_TOPICS", "-1"),
                Map.of(),
                "limits.topics: -1 (expected: a whole number above 0), from FANFARE_LIMITS_TOPICS");
        assertProblems(
                "",
                Map.of(),
                Map.of("port", "70700"),
                "port: 70700 (expected: a port from 0, any free one, to 65535), from --port");
        assertProblems(
                "host: h\nwindow: {bytes: 64MB}",
                Map.of(),
                Map.of(),
                "window.bytes: 64MB (expected: a size above 0, like 64MiB or 1GiB), from FILE line 2");
        assertProblems(
                "heartbeat: 15",
                Map.of(),
                Map.of(),
                "heartbeat: 15 (expected: a time from 1s to 120s, like 500ms, 30s, 10m or 24h), from FILE line 1");
        assertProblems(
                "",
                Map.of("FANFARE_RETENTION_EVENTS", "none"),
                Map.of(),
                "retention.events: none (expected: a whole number above 0, or off), from FANFARE_RETENTION_EVENTS");
        assertProblems(
                "slow: sometimes",
                Map.of(),
                Map.of(),
                "slow: sometimes (expected: catch-up, latest or close), from FILE line 1");
        assertProblems(
                "insecure: yes", Map.of(), Map.of(), "insecure: yes (expected: true or false), from FILE line 1");
        assertProblems(
                "retry: 2m", Map.of(), Map.of(), "retry: 2m (expected: at most retry.max, 60s), from FILE line 1");
    }

    @Test
    void listensBeyondThisMachineOnlyWhenToldThatThisIsInsecure() {
        assertProblems(
                "",
                Map.of(),
                Map.of("host", "0.0.0.0"),
                "host: 0.0.0.0 (expected: 127.0.0.1 or ::1, since everyone may publish; auth.key to say who may, --insecure to allow just that),"
                        + " from --host");
        assertThat(read("", Map.of(), Map.of("host", "::1")).value(Definitions.HOST))
                .isEqualTo("::1");
        assertThat(read("", Map.of(), Map.of("host", "0.0.0.0", "insecure", "true"))
                        .value(Definitions.INSECURE))
                .isTrue();
    }

    @Test
    void tellsAllProblemsAtOnce() {
        assertProblems(
                "prot: 1\nlimits:\n  stream: 5\n",
                Map.of("FANFARE_HEARTBEET", "1s"),
                Map.of("loops", "0"),
                "unknown setting prot, did you mean port?, from FILE line 1",
                "unknown setting limits.stream, did you mean limits.streams?, from FILE line 3",
                "unknown setting FANFARE_HEARTBEET, did you mean FANFARE_HEARTBEAT?",
                "loops: 0 (expected: a whole number above 0, or cores), from --loops");
    }

    @Test
    void namesNoSettingWhenNoneIsNear() {
        assertProblems(
                "colour: blue",
                Map.of(),
                Map.of(),
                "unknown setting colour; fanfare serve --help lists them all, from FILE line 1");
    }

    @Test
    void refusesYamlThatIsNoListOfSettings() {
        assertProblems(
                "port: 1\nhost: a\nport: 2\n",
                Map.of(),
                Map.of(),
                "port is set a second time; the first is in line 1, from FILE line 3");
        assertProblems("port:\n", Map.of(), Map.of(), "port: no value (expected: name: value), from FILE line 1");
        assertProblems("just text\n", Map.of(), Map.of(), "no settings (expected: name: value), from FILE line 1");
        assertProblems(
                "a: &a\n  b: *a\n",
                Map.of(),
                Map.of(),
                "a.b.b.b.b.b.b.b: no value (expected: name: value), from FILE line 2");
        assertThatThrownBy(() -> read("a: 1\n b: 2\n", Map.of(), Map.of()))
                .hasMessageEndingWith("(expected: YAML), from " + file() + " line 2");
        assertThatThrownBy(() -> SettingsReader.read(directory.resolve("none"), Map.of(), Map.of()))
                .hasMessage(directory.resolve("none") + ": cannot be read (expected: a YAML file of settings)");
    }

    @Test
    void leavesVariablesThatKubernetesMakesForAServiceOfThatNameAlone() {
        Map<String, String> links = Map.of(
                "FANFARE_SERVICE_HOST", "10.0.0.1",
                "FANFARE_SERVICE_PORT_HTTP", "7070",
                "FANFARE_PORT", "tcp://10.0.0.1:7070",
                "FANFARE_PORT_7070_TCP_ADDR", "10.0.0.1",
                "FANFARE_REDIS_PORT", "tcp://10.0.0.2:6379");

        assertThat(read("", links, Map.of()).value(Definitions.PORT)).isEqualTo(7070);
    }

    @Test
    void printsTheEffectiveSettingsAsAFileThatSaysTheSame() {
        Settings settings = read("cors.origins: '*'\nretention.events: 7\n", Map.of("FANFARE_PORT", "0"), Map.of());

        Settings again = read(settings.effective(), Map.of(), Map.of());

        assertThat(settings.effective())
                .contains("cors.origins: '*'", "# FANFARE_PORT", "# default", "# " + file() + " line 2");
        assertThat(Definitions.ALL).allSatisfy(it -> assertThat(again.value(it)).isEqualTo(settings.value(it)));
    }

    private void assertProblems(
            String yaml, Map<String, String> environment, Map<String, String> flags, String... problems) {
        assertThatThrownBy(() -> read(yaml, environment, flags))
                .isInstanceOf(SettingsException.class)
                .hasMessage(String.join("\n", problems).replace("FILE", file().toString()));
    }

    private Settings read(String yaml, Map<String, String> environment, Map<String, String> flags) {
        try {
            Files.writeString(file(), yaml);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return SettingsReader.read(file(), environment, flags);
    }

    private Path file() {
        return directory.resolve("fanfare.yaml");
    }
}
