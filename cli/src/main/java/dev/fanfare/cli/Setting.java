package dev.fanfare.cli;

import java.util.List;
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
 * @param form how its value may be given and shown
 */
record Setting<T>(String group, String name, SettingType<T> type, String defaultText, String help, Form form) {

    private static final String FILE = "-file";

    /** How a value may be given, and whether it may be shown. */
    enum Form {
        /** In the open. */
        PLAIN,
        /** In the open, or as the name of a file that holds it. */
        FILE,
        /** As {@link #FILE}, and shown to nobody. */
        SECRET,
        /** As {@link #FILE}: a URL, shown without the user and password in it. */
        URL
    }

    /** The flag for a name, {@code --limits.head-bytes}. */
    static String flag(String name) {
        return "--" + name;
    }

    /** The environment variable for a name, {@code FANFARE_LIMITS_HEAD_BYTES}. */
    static String variable(String name) {
        return "FANFARE_" + name.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
    }

    /** The names it is given under: its own, and that of its file form where it has one, {@code auth.key-file}. */
    List<String> names() {
        return form == Form.PLAIN ? List.of(name) : List.of(name, fileName());
    }

    /** The name of the setting for a file with its value. */
    String fileName() {
        return name + FILE;
    }

    boolean isSecret() {
        return form == Form.SECRET || form == Form.URL;
    }

    /** What may be seen of a text: all of it, unless it is secret. */
    String shown(String text) {
        return switch (form) {
            case PLAIN, FILE -> text;
            case SECRET -> text.equals(defaultText) ? text : "set, not shown";
            case URL -> text.replaceFirst("//.*@", "//***@");
        };
    }

    /**
     * The value that a text means.
     *
     * @throws IllegalArgumentException that names the setting, the text unless it is secret, and what was expected
     */
    T parse(String text) {
        try {
            return type.parser().apply(isSecret() ? text : text.strip());
        } catch (IllegalArgumentException e) {
            String shown = isSecret() ? "a secret that is not shown" : text;
            throw new IllegalArgumentException(name + ": " + shown + " (expected: " + type.expected() + ")");
        }
    }
}
