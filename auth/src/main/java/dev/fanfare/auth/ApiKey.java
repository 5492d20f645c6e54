package dev.fanfare.auth;

import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A key that a backend presents instead of a token. The node is told its SHA-256 alone.
 *
 * @param name what it is called where callers are counted or limited; letters, digits, {@code .}, {@code _} and {@code -}
 * @param sha256 the SHA-256 of the key's text, in hex
 * @param rights what it gives
 */
public record ApiKey(String name, String sha256, Rights rights) {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-fA-F]{64}");

    /** Checks the name and the form of the hash. */
    public ApiKey {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "name: " + name + " (expected: 1 to 64 letters, digits, dots, hyphens and underscores)");
        }
        if (!SHA256.matcher(sha256).matches()) {
            throw new IllegalArgumentException(
                    "sha256 of '" + name
                            + "' is none (expected: 64 hex digits, from printf %s \"$KEY\" | sha256sum; the key itself stays with who uses it)");
        }
    }

    /** Whether this is the hash of the key presented; takes the same time wherever they differ. */
    boolean hasHash(byte[] presented) {
        return MessageDigest.isEqual(HexFormat.of().parseHex(sha256), presented);
    }
}
