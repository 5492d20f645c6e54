package dev.fanfare.auth;

import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Public keys in PEM, one after the other: {@code PUBLIC KEY} or {@code CERTIFICATE}. */
final class PemKeys {

    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\\s]+)-----END \\1-----");

    private PemKeys() {}

    /**
     * The keys of a text, at least one, each fit to verify tokens with.
     *
     * @throws IllegalArgumentException that says what was expected, and shows nothing of the text
     */
    static List<PublicKey> parse(String pem) {
        List<PublicKey> keys = new ArrayList<>();
        Matcher block = BLOCK.matcher(pem);
        while (block.find()) {
            keys.add(key(block.group(1), block.group(2)));
        }
        if (keys.isEmpty()) {
            throw refused("not PEM", "a text that begins with -----BEGIN PUBLIC KEY-----");
        }
        return List.copyOf(keys);
    }

    private static PublicKey key(String label, String base64) {
        PublicKey key = switch (label) {
            case "PUBLIC KEY" -> spki(bytes(base64));
            case "CERTIFICATE" -> certified(bytes(base64));
            case "RSA PUBLIC KEY" ->
                throw refused(
                        "a key of the older form PKCS#1", "what openssl rsa -RSAPublicKey_in -pubout makes of it");
            default -> {
                boolean isPrivate = label.endsWith("PRIVATE KEY");
                throw refused(
                        isPrivate ? "a private key" : "a " + label,
                        isPrivate ? "the public one: openssl pkey -pubout makes it" : "a PUBLIC KEY");
            }
        };
        if (!LocalKeys.isFit(key)) {
            throw refused(
                    "a key that no algorithm here takes",
                    "RSA of at least 2048 bits, EC on P-256, P-384 or P-521, or Ed25519");
        }
        return key;
    }

    private static byte[] bytes(String base64) {
        try {
            return Base64.getDecoder().decode(base64.replaceAll("\\s", ""));
        } catch (IllegalArgumentException e) {
            throw refused("not base64 between BEGIN and END", "PEM as openssl writes it");
        }
    }

    private static PublicKey spki(byte[] encoded) {
        for (String algorithm : List.of("RSA", "EC", "Ed25519")) {
            try {
                return KeyFactory.getInstance(algorithm).generatePublic(new X509EncodedKeySpec(encoded));
            } catch (GeneralSecurityException e) {
                // it is of another kind
            }
        }
        throw refused("a key of an unknown kind", "RSA, EC or Ed25519");
    }

    private static PublicKey certified(byte[] encoded) {
        try {
            return CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(encoded))
                    .getPublicKey();
        } catch (GeneralSecurityException e) {
            throw refused("a certificate that cannot be read", "an X.509 certificate");
        }
    }

    private static IllegalArgumentException refused(String what, String expected) {
        return new IllegalArgumentException("auth.public-key: " + what + " (expected: " + expected + ")");
    }
}
