package dev.fanfare.cli;

/** A command that could not do its work, with the one line that tells the user why; Fanfare then ends with exit code 1. */
final class CommandFailed extends RuntimeException {

    private static final long serialVersionUID = 1;

    CommandFailed(String message) {
        super(message);
    }
}
