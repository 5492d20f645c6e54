package dev.fanfare.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/** What runs inside Redis: each of these, after {@code common.lua}, in one step that nothing else comes between. */
enum Script {
    APPEND,
    READ,
    RETIRE,
    ASK,
    BEAT,
    PLACES;

    private final String source;
    private final String digest;

    Script() {
        source = text("common") + "\n" + text(name().toLowerCase(Locale.ROOT));
        try {
            byte[] sha1 = MessageDigest.getInstance("SHA-1").digest(source.getBytes(StandardCharsets.UTF_8));
            digest = HexFormat.of().formatHex(sha1);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String text(String name) {
        try (InputStream in = Script.class.getResourceAsStream(name + ".lua")) {
            if (in == null) {
                throw new IllegalStateException(name + ".lua is not in the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String source() {
        return source;
    }

    /** By which the server knows it once it was loaded. */
    String digest() {
        return digest;
    }
}
