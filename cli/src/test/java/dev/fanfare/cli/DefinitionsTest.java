package dev.fanfare.cli;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class DefinitionsTest {

    /** Settings that docs/http.md promises and later work defines. */
    private static final Set<String> NOT_YET = Set.of("tls.certificate", "tls.key");

    private static final Pattern NAME = Pattern.compile("`([a-z.-]+)`");

    @Test
    void areTheSettingsOfTheContractAndTheirDefaults() throws IOException {
        Map<String, String> documented = documented();

        Map<String, String> defined =
                Definitions.ALL.stream().collect(toMap(Setting::name, setting -> plain(setting.defaultText())));

        Set<String> promised = new TreeSet<>(documented.keySet());
        promised.removeAll(NOT_YET);
        assertThat(defined.keySet()).as("defined, against docs/http.md").containsExactlyInAnyOrderElementsOf(promised);
        assertThat(documented)
                .as("docs/http.md still has all that is not yet")
                .containsKeys(NOT_YET.toArray(String[]::new));
        assertThat(defined)
                .allSatisfy((name, value) -> assertThat(value).as(name).isEqualTo(documented.get(name)));
    }

    @Test
    void haveDefaultsThatParseAndHelpThatFitsALine() {
        assertThat(Definitions.ALL).allSatisfy(setting -> {
            assertThat(setting.parse(setting.defaultText())).isNotNull();
            assertThat(setting.help())
                    .as(setting.name())
                    .hasSizeBetween(10, 110)
                    .doesNotContain("\n");
        });
    }

    @Test
    void areWrittenInThreeSpellings() {
        assertThat(Definitions.LIMITS_TOPICS_PER_STREAM.name()).isEqualTo("limits.topics-per-stream");
        assertThat(Setting.flag(Definitions.LIMITS_TOPICS_PER_STREAM.name())).isEqualTo("--limits.topics-per-stream");
        assertThat(Setting.variable(Definitions.LIMITS_TOPICS_PER_STREAM.name()))
                .isEqualTo("FANFARE_LIMITS_TOPICS_PER_STREAM");
    }

    /** The table under "Settings": two columns of names, each with a column of as many defaults beside it. */
    private static Map<String, String> documented() throws IOException {
        Map<String, String> defaults = new LinkedHashMap<>();
        List<String> lines = Files.readAllLines(Path.of("../docs/http.md"));
        for (String line : lines.subList(lines.indexOf("## Settings"), lines.size())) {
            String[] cells = line.split(" *(?<!\\\\)\\| *", -1);
            if (cells.length == 6 && line.startsWith("| `")) {
                read(cells[1], cells[2], defaults);
                read(cells[3], cells[4], defaults);
            }
        }
        return defaults;
    }

    private static void read(String nameCell, String defaultCell, Map<String, String> defaults) {
        List<String> names = new ArrayList<>();
        NAME.matcher(nameCell).results().map(name -> name.group(1)).forEach(name -> names.add(full(name, names)));
        String[] values = defaultCell.replaceAll(" \\([^)]*\\)", "").split(", ");
        for (int i = 0; i < names.size(); i++) {
            defaults.put(names.get(i), plain(values[Math.min(i, values.length - 1)]));
        }
    }

    /** {@code .bytes} after {@code retention.age} is {@code retention.bytes}. */
    private static String full(String name, List<String> before) {
        return name.startsWith(".") ? before.get(0).replaceFirst("\\.[^.]*$", "") + name : name;
    }

    /** The words of the page and of the table in one spelling. */
    private static String plain(String value) {
        return switch (value) {
            case "by memory and descriptors" -> "auto";
            case "see above" -> "unset";
            case "10 million" -> "10000000";
            default -> value.replace(" min", "m").replaceAll("[` ]", "");
        };
    }
}
