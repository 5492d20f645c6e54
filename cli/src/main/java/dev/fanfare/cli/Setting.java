package dev.fanfare.cli;

import java.util.Locale;

/**
 * One thing a node can be told: its name in all three spellings, what values it takes, and what it is when nobody says.
 *
 * @param <T> the type of its value
 * @param group the heading it stands under in the help
 * @param name the name as the YAML file and the help have it, {@code limits.head-bytes}
 * @param type how its text becomes a value
 * @param defaultText the default, written as a user would write it
 * @param help one line that says what it does
 */
record Setting<T>(String group, String name, SettingType<T> type, String defaultText, String help) {

    /** The flag, {@code --limits.head-bytes}. */
    String flag() {
        return "--" + name;
    }

    /** The environment variable, {@code FANFARE_LIMITS_HEAD_BYTES}. */
    String variable() {
        return "FANFARE_" + name.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
    }

    /**
     * The value that a text means.
     *
     * @throws IllegalArgumentException that names the setting, the text and what was expected
     */
    T parse(String text) {
        try {
            return type.parser().apply(text.strip());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + ": " + text + " (expected: " + type.expected() + ")", e);
        }
    }
}
