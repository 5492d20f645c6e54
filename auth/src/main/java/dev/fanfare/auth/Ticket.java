package dev.fanfare.auth;

/**
 * What opens a stream without a header, in {@code ?ticket=}.
 *
 * @param text what is presented; letters, digits, {@code -}, {@code _} and {@code .}
 * @param expires when it ends, in ms since 1970
 */
public record Ticket(String text, long expires) {

    /** Without what is presented. */
    @Override
    public String toString() {
        return "Ticket[expires=" + expires + "]";
    }
}
