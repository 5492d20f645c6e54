package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MainTest {

    @Test
    void helpNamesEveryCommandAndTheExitCodes() {
        Run help = Run.of("--help");

        assertThat(help.code()).isZero();
        assertThat(help.out())
                .contains(
                        "serve",
                        "publish",
                        "tail",
                        "package",
                        "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.");
        assertThat(help.err()).isEmpty();
    }

    @Test
    void everyCommandHasHelpWithItsExitCodes() {
        assertThat(Main.commandLine().getSubcommands().keySet()).allSatisfy(command -> {
            Run help = Run.of(command, "--help");
            assertThat(help.code()).isZero();
            assertThat(help.out()).contains("fanfare " + command).contains("Exit codes: 0");
        });
    }

    @Test
    void versionIsOneLine() {
        assertThat(Run.of("--version").out().lines()).singleElement().asString().startsWith("fanfare ");
    }

    @Test
    void wrongUsageIsExitCode2AndSaysWhereToLook() {
        Stream.of(List.of(), List.of("pulish"), List.of("serve", "--prot", "1"), List.of("serve", "--port"))
                .forEach(arguments -> {
                    Run run = Run.of(arguments.toArray(String[]::new));
                    assertThat(run.code()).as("%s", arguments).isEqualTo(2);
                    assertThat(run.err()).startsWith("fanfare: ").contains("--help says what there is.");
                    assertThat(run.out()).isEmpty();
                });
    }

    @Test
    void packageIsTheLaunchersAndSaysSo() {
        Run run = Run.of("package");

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("./fanfare package");
    }
}
