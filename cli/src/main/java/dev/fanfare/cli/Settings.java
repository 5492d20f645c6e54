package dev.fanfare.cli;

import static java.util.Objects.requireNonNull;

import java.util.Map;

/** What a node was told: a value for every setting, and who said so. Immutable. */
final class Settings {

    private final Map<Setting<?>, Given> given;

    /** Made by {@link SettingsReader}, which gives every defined setting a value of its own type. */
    Settings(Map<Setting<?>, Given> given) {
        this.given = Map.copyOf(given);
    }

    /** The value of a setting. */
    @SuppressWarnings("unchecked") // the reader parsed it with this very setting
    <T> T value(Setting<T> setting) {
        return (T) given(setting).value();
    }

    /** The value as it was written. */
    String text(Setting<?> setting) {
        return given(setting).text();
    }

    /** Where the value came from: {@code default}, a file and line, an environment variable or a flag. */
    String source(Setting<?> setting) {
        return given(setting).source();
    }

    /** All settings with where each came from, in the form of a YAML file that says the same. */
    String effective() {
        StringBuilder lines = new StringBuilder();
        for (Setting<?> setting : Definitions.ALL) {
            Given it = given(setting);
            String computed = it.value() instanceof Integer number && !it.text().matches("\\d.*") ? number + ", " : "";
            lines.append("%-40s # %s%s%n".formatted(setting.name() + ": " + quoted(it.text()), computed, it.source()));
        }
        return lines.toString();
    }

    private static String quoted(String text) {
        return text.matches("[A-Za-z0-9./_-]+") ? text : "'" + text.replace("'", "''") + "'";
    }

    private Given given(Setting<?> setting) {
        return requireNonNull(given.get(setting), setting.name());
    }

    /**
     * One value as it was given.
     *
     * @param text as the user, or the default, wrote it
     * @param value what the text means
     * @param source who said it
     */
    record Given(String text, Object value, String source) {}
}
