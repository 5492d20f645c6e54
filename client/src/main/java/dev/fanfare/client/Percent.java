package dev.fanfare.client;

import java.nio.charset.StandardCharsets;

/** Percent-encoding of UTF-8 text for the parts of a URI (RFC 3986, section 2). */
final class Percent {

    private static final String UNRESERVED = "-._~";
    private static final String HEX = "0123456789ABCDEF";

    private Percent() {}

    /** For a query parameter, or one path segment: all but unreserved characters are encoded. */
    static String encode(String text) {
        return encode(text, UNRESERVED);
    }

    /** For a path of several segments: as {@link #encode(String)}, segment for segment. */
    static String encodePath(String path) {
        return encode(path, UNRESERVED + "/");
    }

    private static String encode(String text, String kept) {
        StringBuilder encoded = new StringBuilder(text.length() + 16);
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if (isLetterOrDigit(c) || kept.indexOf(c) >= 0) {
                encoded.append(c);
            } else {
                encoded.append('%').append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
            }
        }
        return encoded.toString();
    }

    private static boolean isLetterOrDigit(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }
}
