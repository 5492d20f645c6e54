package dev.fanfare.http;

import org.jspecify.annotations.Nullable;

/** What a reader wants to be answered with, from its {@code Accept} header (RFC 9110, 12.5.1). */
public enum Accept {
    /** An event stream. */
    STREAM,
    /** A JSON page. */
    JSON;

    /**
     * The better liked of the two; the stream when both are liked equally, or there is no header.
     *
     * @throws Problem 406 if neither is acceptable
     */
    public static Accept of(@Nullable String header) {
        if (header == null || header.isBlank()) {
            return STREAM;
        }
        double stream = quality(header, "text", "event-stream");
        double json = quality(header, "application", "json");
        if (stream == 0 && json == 0) {
            throw new Problem(
                    406,
                    "Not acceptable",
                    "Accept: " + header + " allows neither text/event-stream nor application/json");
        }
        return json > stream ? JSON : STREAM;
    }

    /** The quality of the most specific range that covers a type. */
    private static double quality(String header, String type, String subtype) {
        double quality = 0;
        int specific = -1;
        for (String range : header.split(",", -1)) {
            String[] parts = range.split(";", -1);
            String name = parts[0].trim();
            int precision = name.equalsIgnoreCase(type + "/" + subtype)
                    ? 2
                    : name.equalsIgnoreCase(type + "/*") ? 1 : name.equals("*/*") ? 0 : -1;
            if (precision > specific) {
                specific = precision;
                quality = weight(parts);
            }
        }
        return quality;
    }

    private static double weight(String[] parts) {
        for (int i = 1; i < parts.length; i++) {
            String parameter = parts[i].trim();
            if (parameter.regionMatches(true, 0, "q=", 0, 2)) {
                try {
                    return Double.parseDouble(parameter.substring(2));
                } catch (NumberFormatException e) {
                    return 0;
                }
            }
        }
        return 1;
    }
}
