package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServeTest {

    @Test
    void helpHasEverySettingWithItsDefaultUnderItsGroup() {
        String help = Run.of("serve", "--help").out();
        String unwrapped = help.replaceAll("\\s+", " ");

        assertThat(Definitions.ALL)
                .allSatisfy(setting -> assertThat(unwrapped)
                        .contains(setting.names().stream().map(Setting::flag).toList())
                        .contains(setting.help() + " (" + setting.defaultText() + ")")
                        .contains(setting.group()));
        assertThat(help.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(110));
    }

    @Test
    void takesASettingInBothFormsOfAFlag() {
        String out = Run.of(
                        "serve",
                        "--check",
                        "--port",
                        "1",
                        "--limits.streams=7",
                        "--insecure",
                        "--retention.keep-last=false")
                .out();

        assertThat(out)
                .containsPattern("port: 1 +# --port\n")
                .containsPattern("limits.streams: 7 +# --limits.streams\n")
                .containsPattern("insecure: true +# --insecure\n")
                .containsPattern("retention.keep-last: false +# --retention.keep-last\n")
                .containsPattern("heartbeat: 15s +# default\n");
    }

    @Test
    void checkReadsTheFileAndExitsWith0(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("f.yaml"), "heartbeat: 20s\n");

        Run check = Run.of("serve", "--memory", "--config", file.toString(), "--check");

        assertThat(check.code()).isZero();
        assertThat(check.out()).containsPattern("heartbeat: 20s +# .*f.yaml line 1\n");
        assertThat(check.err()).isEmpty();
    }

    @Test
    void namesTheNearestSettingForAFlagThatIsNone() {
        Run run = Run.of("serve", "--limits.stream=3");

        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).startsWith("fanfare: unknown setting --limits.stream, did you mean --limits.streams?");
    }

    @Test
    void aSettingThatMakesNoSenseIsExitCode2() {
        Run run = Run.of("serve", "--port", "x", "--loops", "0");

        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err().lines())
                .containsExactly(
                        "fanfare: port: x (expected: a port from 0, any free one, to 65535), from --port",
                        "fanfare: loops: 0 (expected: a whole number above 0, or cores), from --loops");
    }
}
