package dev.fanfare.client;

import org.jspecify.annotations.Nullable;

/**
 * The members of one JSON object that are strings, found without a JSON library: a node's answers hold an id, a problem's title
 * and detail, a gap's ids, and no more is read of them. Text that is not a JSON object has no member.
 */
final class JsonFields {

    private static final int DEEPEST = 64;

    private final String text;
    private int at;

    private JsonFields(String text) {
        this.text = text;
    }

    /** The first member of that name that is a string; null if there is none, or the text breaks off before it. */
    static @Nullable String string(String json, String name) {
        try {
            return new JsonFields(json).find(name);
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            return null;
        }
    }

    /** As {@link #string}, with an empty text for none. */
    static String stringOrEmpty(String json, String name) {
        String value = string(json, name);
        return value == null ? "" : value;
    }

    private @Nullable String find(String name) {
        expect('{');
        while (peek() != '}') {
            String key = readString();
            expect(':');
            if (peek() == '"') {
                String value = readString();
                if (key.equals(name)) {
                    return value;
                }
            } else {
                skipValue(0);
            }
            if (peek() == ',') {
                at++;
            }
        }
        return null;
    }

    private void skipValue(int depth) {
        if (depth > DEEPEST) {
            throw new IllegalArgumentException("nested deeper than " + DEEPEST);
        }
        char first = peek();
        if (first == '"') {
            readString();
        } else if (first == '{' || first == '[') {
            at++;
            while (peek() != '}' && peek() != ']') {
                skipValue(depth + 1);
                if (peek() == ',' || peek() == ':') {
                    at++;
                }
            }
            at++;
        } else {
            int start = at;
            while ("+-.".indexOf(text.charAt(at)) >= 0 || Character.isLetterOrDigit(text.charAt(at))) {
                at++;
            }
            if (at == start) {
                throw new IllegalArgumentException("no value at " + at);
            }
        }
    }

    private String readString() {
        expect('"');
        StringBuilder value = new StringBuilder();
        for (char c = text.charAt(at++); c != '"'; c = text.charAt(at++)) {
            value.append(c == '\\' ? escaped(text.charAt(at++)) : c);
        }
        return value.toString();
    }

    private char escaped(char c) {
        return switch (c) {
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                at += 4;
                yield (char) Integer.parseInt(text.substring(at - 4, at), 16);
            }
            default -> c;
        };
    }

    private char peek() {
        while (text.charAt(at) <= ' ') {
            at++;
        }
        return text.charAt(at);
    }

    private void expect(char c) {
        if (peek() != c) {
            throw new IllegalArgumentException("no " + c + " at " + at);
        }
        at++;
    }
}
