package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Settings that nobody may see, and those that are given as files. */
class SecretSettingsTest {

    private static final String SECRET = "correct horse battery staple";

    private static final Setting<Optional<String>> KEY = setting("test.key", Setting.Form.SECRET);
    private static final Setting<Optional<String>> CERTIFICATE = setting("test.certificate", Setting.Form.FILE);

    @TempDir
    Path directory;

    @Test
    void aSecretStandsInAFileInAllThreeSpellingsWithoutItsLineEnd() throws Exception {
        Path key = write("key", SECRET + "\r\n");

        List<Settings> given = List.of(
                read("test.key-file: " + key, Map.of(), Map.of()),
                read("test: {key-file: '" + key + "'}", Map.of(), Map.of()),
                read("", Map.of("FANFARE_TEST_KEY_FILE", key.toString()), Map.of()),
                read("", Map.of(), Map.of("test.key-file", key.toString())));

        assertThat(given).allSatisfy(settings -> {
            assertThat(settings.value(KEY)).contains(SECRET);
            assertThat(settings.files()).containsExactly(key);
        });
    }

    @Test
    void aSecretKeepsTheSpacesItHas() throws Exception {
        Path key = write("key", "  two of them  \n");

        assertThat(read("", Map.of("FANFARE_TEST_KEY_FILE", key.toString()), Map.of())
                        .value(KEY))
                .contains("  two of them  ");
        assertThat(read("", Map.of("FANFARE_TEST_KEY", " leading"), Map.of()).value(KEY))
                .contains(" leading");
    }

    @Test
    void checkSaysThatASecretIsSetAndWhereFromAndNeverTheValue() throws Exception {
        Path key = write("key", SECRET);
        Path certificate = write("certificate", "-----BEGIN CERTIFICATE-----\n");

        String open = read("", Map.of("FANFARE_TEST_KEY", SECRET), Map.of()).effective();
        String file = read("test.certificate-file: " + certificate, Map.of(), Map.of("test.key-file", key.toString()))
                .effective();

        assertThat(open).containsPattern("# test.key: set, not shown +# FANFARE_TEST_KEY\n");
        assertThat(file)
                .containsPattern("test.key-file: " + key + " +# --test.key-file\n")
                .containsPattern("test.certificate-file: " + certificate + " +# .* line 1\n");
        assertThat(open + file).doesNotContain(SECRET).doesNotContain("BEGIN");
        assertThat(read(file, Map.of(), Map.of()).value(KEY))
                .as("what is printed, read again")
                .contains(SECRET);
        assertThat(read("", Map.of(), Map.of()).effective()).containsPattern("\ntest.key: off +# default\n");
    }

    @Test
    void aFileThatCannotBeUsedIsNamed() throws Exception {
        Path none = directory.resolve("none");
        assertFileRefused(none, "a file that can be read");
        assertFileRefused(directory, "a file that can be read");
        assertFileRefused(write("empty", "\n"), "a file that is not empty");
        assertFileRefused(write("large", "x".repeat((1 << 20) + 1)), "a file of at most 1 MiB");
        assertFileRefused(
                Files.write(directory.resolve("binary"), new byte[] {(byte) 0xc3, 0x28}), "a file of UTF-8 text");
    }

    @Test
    void bothFormsInOnePlaceAreAnErrorAndALaterPlaceWins() throws Exception {
        Path key = write("key", SECRET);
        Map<String, String> both = Map.of("FANFARE_TEST_KEY", "another one", "FANFARE_TEST_KEY_FILE", key.toString());

        assertThatThrownBy(() -> read("", both, Map.of()))
                .hasMessage("test.key and test.key-file: both are set (expected: one of them),"
                        + " from FANFARE_TEST_KEY and FANFARE_TEST_KEY_FILE");
        assertThat(read("test.key-file: " + key, Map.of("FANFARE_TEST_KEY", "another one"), Map.of())
                        .value(KEY))
                .contains("another one");
    }

    @Test
    void noErrorShowsASecret() throws Exception {
        Path shortKey = write("key", "hunter2");

        List.<Runnable>of(
                        () -> read("test.key: hunter2", Map.of(), Map.of()),
                        () -> read("test.key: {hunter2}", Map.of(), Map.of()),
                        () -> read("test.key: {hunter2: 1}", Map.of(), Map.of()),
                        () -> read("test.key: [hunter2, {}]", Map.of(), Map.of()),
                        () -> read("test.key: *hunter2", Map.of(), Map.of()),
                        () -> read("", Map.of("FANFARE_TEST_KEY", "hunter2"), Map.of()),
                        () -> read("", Map.of("FANFARE_TEST_KEY_FILE", shortKey.toString()), Map.of()),
                        () -> read("", Map.of(), Map.of("test.key", "hunter2")))
                .forEach(run -> assertThatThrownBy(run::run)
                        .isInstanceOf(SettingsException.class)
                        .hasNoCause()
                        .message()
                        .doesNotContain("hunter2"));
        assertThatThrownBy(() -> read("", Map.of("FANFARE_TEST_KEY_FILE", shortKey.toString()), Map.of()))
                .hasMessage("test.key: a secret that is not shown (expected: 8 characters at least, or off),"
                        + " from FANFARE_TEST_KEY_FILE, " + shortKey);
    }

    private void assertFileRefused(Path file, String expected) {
        assertThatThrownBy(() -> read("", Map.of("FANFARE_TEST_KEY_FILE", file.toString()), Map.of()))
                .isInstanceOf(SettingsException.class)
                .hasMessage("test.key-file: " + file + " (expected: " + expected + "), from FANFARE_TEST_KEY_FILE");
    }

    private static Setting<Optional<String>> setting(String name, Setting.Form form) {
        SettingType<String> text = new SettingType<>("KEY", "8 characters at least", value -> {
            if (value.length() < 8) {
                throw new IllegalArgumentException(value);
            }
            return value;
        });
        SettingType<String> any = SettingType.text("PEM", "a certificate");
        return new Setting<>("Test", name, (form == Setting.Form.SECRET ? text : any).or("off"), "off", "help", form);
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }

    private Settings read(String yaml, Map<String, String> environment, Map<String, String> flags) {
        List<Setting<?>> known = new ArrayList<>(Definitions.ALL);
        known.addAll(List.of(KEY, CERTIFICATE));
        try {
            return SettingsReader.read(known, write("fanfare.yaml", yaml), environment, flags);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
