package dev.fanfare.http;

import java.nio.charset.StandardCharsets;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * JSON as its bytes, beside the parser that reads them: what is passed on of it is passed on as it was written, number by number and
 * escape by escape, only without the white space between.
 */
final class JsonBytes {

    private final byte[] bytes;
    private final int from;
    /** Whether a string in it may be half a surrogate pair: only an escape can write one in UTF-8. */
    private final boolean escapes;

    /** Checks that the bytes are UTF-8, which the parser does only in part. */
    JsonBytes(byte[] bytes, int from, int to) {
        this.bytes = bytes;
        this.from = from;
        int all = 0;
        boolean escape = false;
        boolean nul = false;
        for (int i = from; i < to; i++) {
            byte b = bytes[i];
            all |= b;
            escape |= b == '\\';
            nul |= b == 0;
        }
        this.escapes = escape;
        if (nul) {
            throw Problem.badRequest("not JSON in UTF-8: it has a NUL in it");
        }
        if (all < 0) {
            EventFields.checkUtf8(bytes, from, to);
        }
    }

    /** The value at the parser as an event's data, the parser then at its end: a string's text, of anything else the compact JSON. */
    String data(JsonParser json) {
        JsonToken token = json.currentToken();
        if (token == JsonToken.VALUE_STRING) {
            return string(json);
        }
        if (token != JsonToken.START_OBJECT && token != JsonToken.START_ARRAY) {
            return json.getString();
        }
        int start = from + (int) json.currentTokenLocation().getByteOffset();
        json.skipChildren();
        return compact(start, from + (int) json.currentLocation().getByteOffset());
    }

    /** The text of the string at the parser. */
    String string(JsonParser json) {
        String text = json.getString();
        if (escapes) {
            checkSurrogates(text);
        }
        return text;
    }

    private static void checkSurrogates(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                throw Problem.badRequest(
                        "a string has half of a surrogate pair, which is no text in UTF-8; send both halves or none");
            }
        }
    }

    String compact(int start, int end) {
        byte[] compact = new byte[end - start];
        int length = 0;
        boolean inString = false;
        for (int i = start; i < end; i++) {
            byte b = bytes[i];
            if (inString || b != ' ' && b != '\t' && b != '\n' && b != '\r') {
                compact[length++] = b;
            }
            if (b == '\\') {
                compact[length++] = bytes[++i];
            } else if (b == '"') {
                inString = !inString;
            }
        }
        return new String(compact, 0, length, StandardCharsets.UTF_8);
    }
}
