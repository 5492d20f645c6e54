package dev.fanfare.cli;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What a node was told: a value for every setting, and who said so. Immutable. */
final class Settings {

    private final Map<Setting<?>, Given> given;

    /** Made by {@link SettingsReader}, which gives every defined setting a value of its own type. */
    Settings(Map<Setting<?>, Given> given) {
        this.given = Collections.unmodifiableMap(new LinkedHashMap<>(given));
    }

    /** The value of a setting. */
    @SuppressWarnings("unchecked") // the reader parsed it with this very setting
    <T> T value(Setting<T> setting) {
        return (T) given(setting).value();
    }

    /** The value as it was written, also if it is secret. */
    String text(Setting<?> setting) {
        return given(setting).text();
    }

    /** The value as it was written, without what nobody may see. */
    String shown(Setting<?> setting) {
        return setting.shown(text(setting));
    }

    /** Whether somebody gave it a value. */
    boolean isGiven(Setting<?> setting) {
        return !source(setting).equals(Given.DEFAULT);
    }

    /** Where the value came from: {@code default}, a file and line, an environment variable or a flag. */
    String source(Setting<?> setting) {
        return given(setting).source();
    }

    /** The names of the settings, of those asked for, that others have another value of. */
    List<String> differing(Settings others, Predicate<Setting<?>> which) {
        return given.keySet().stream()
                .filter(setting -> which.test(setting)
                        && !given(setting).text().equals(others.given(setting).text()))
                .map(Setting::name)
                .toList();
    }

    /** These settings, but with others' values of some. */
    Settings with(Settings others, Predicate<Setting<?>> which) {
        Map<Setting<?>, Given> merged = new LinkedHashMap<>(given);
        merged.replaceAll((setting, before) -> which.test(setting) ? others.given(setting) : before);
        return new Settings(merged);
    }

    /** The files that values were read from. */
    List<Path> files() {
        return given.values().stream()
                .map(Given::file)
                .filter(Objects::nonNull)
                .map(Objects::requireNonNull)
                .toList();
    }

    /** All settings with where each came from, in the form of a YAML file that says the same; of a secret, only that it is set. */
    String effective() {
        StringBuilder lines = new StringBuilder();
        given.forEach((setting, it) -> lines.append(line(setting, it)));
        return lines.toString();
    }

    private static String line(Setting<?> setting, Given it) {
        if (it.file() != null) {
            return "%-40s # %s%n"
                    .formatted(setting.fileName() + ": " + quoted(it.file().toString()), it.source());
        }
        String shown = setting.shown(it.text());
        if (!shown.equals(it.text())) {
            return "%-40s # %s%n".formatted("# " + setting.name() + ": " + shown, it.source());
        }
        String computed = it.value() instanceof Integer number && !it.text().matches("\\d.*") ? number + ", " : "";
        return "%-40s # %s%s%n".formatted(setting.name() + ": " + quoted(it.text()), computed, it.source());
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
     * @param file the file that holds the text, if it was given as one
     */
    record Given(
            String text,
            Object value,
            String source,
            @Nullable Path file) {
        /** The source of what nobody gave. */
        static final String DEFAULT = "default";
    }
}
