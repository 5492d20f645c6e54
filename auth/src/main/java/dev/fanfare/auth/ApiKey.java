package dev.fanfare.auth;

import com.nimbusds.jose.util.JSONArrayUtils;
import java.security.MessageDigest;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A key that a backend presents instead of a token. The node is told its SHA-256 alone.
 *
 * @param name what it is called where callers are counted or limited; letters, digits, {@code .}, {@code _} and {@code -}
 * @param sha256 the SHA-256 of the key's text, in hex
 * @param rights what it gives
 */
public record ApiKey(String name, String sha256, Rights rights) {

    private static final Set<String> MEMBERS = Set.of("name", "sha256", "subscribe", "publish", "admin");
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
                    "sha256 is none (expected: 64 hex digits, from printf %s \"$KEY\" | sha256sum; not the key itself)");
        }
    }

    /**
     * The keys that a JSON array of objects with {@code name}, {@code sha256}, {@code subscribe}, {@code publish} and {@code admin}
     * describes.
     *
     * @throws IllegalArgumentException that says which key and what is wrong with it
     */
    public static List<ApiKey> list(String json) {
        List<ApiKey> keys = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Map<?, ?> members : objects(json)) {
            ApiKey key = key(members);
            if (!names.add(key.name)) {
                throw new IllegalArgumentException("name: " + key.name + " (expected: a name for each key)");
            }
            keys.add(key);
        }
        return List.copyOf(keys);
    }

    private static List<Map<?, ?>> objects(String json) {
        List<Map<?, ?>> objects = new ArrayList<>();
        try {
            for (Object value : JSONArrayUtils.parse(json)) {
                if (!(value instanceof Map<?, ?> members)) {
                    throw new ParseException("", 0);
                }
                objects.add(members);
            }
        } catch (ParseException e) {
            throw new IllegalArgumentException(
                    "not an array of objects: [{\"name\":...,\"sha256\":...,\"publish\":[...]}]");
        }
        return objects;
    }

    private static ApiKey key(Map<?, ?> members) {
        String name = members.get("name") instanceof String text ? text : "";
        for (Object member : members.keySet()) {
            if (!MEMBERS.contains(member)) {
                throw new IllegalArgumentException(
                        "'" + name + "' has " + member + " (expected: name, sha256, subscribe," + " publish, admin)");
            }
        }
        try {
            return new ApiKey(name, String.valueOf(members.get("sha256")), RightsFields.read(members, null));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + name + "': " + e.getMessage());
        }
    }

    /** Whether this is the hash of the key presented; takes the same time wherever they differ. */
    boolean hasHash(byte[] presented) {
        return MessageDigest.isEqual(HexFormat.of().parseHex(sha256), presented);
    }
}
