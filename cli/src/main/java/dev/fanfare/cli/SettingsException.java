package dev.fanfare.cli;

import java.util.List;

/** Settings that cannot be used; the message has a line for each thing that is wrong. */
final class SettingsException extends RuntimeException {

    private static final long serialVersionUID = 1;

    SettingsException(List<String> problems) {
        super(String.join("\n", problems));
    }
}
