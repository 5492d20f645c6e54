package dev.fanfare.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.fanfare.hub.Selector;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes tokens with a node's own key, {@link AuthSettings#key}, which a node with the same settings accepts. */
public final class TokenMaker {

    private final AuthSettings settings;
    private final InstantSource clock;

    /** One that makes tokens for nodes with these settings. */
    public TokenMaker(AuthSettings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
    }

    /**
     * A token signed with HS256.
     *
     * @param user its {@code sub}, or null
     * @param subscribe selectors that may be read; {@code @me} for the user's own
     * @param publish selectors of topics that may be published to
     * @param admin whether it is for looking into the node
     * @param ttl how long it holds from now on
     * @throws IllegalArgumentException if there is no key, the user can't be one, or a selector is none; the message says what to do
     */
    public String make(
            @Nullable String user, List<String> subscribe, List<String> publish, boolean admin, Duration ttl) {
        if (settings.key() == null) {
            throw new IllegalArgumentException("auth.key: not set (expected: the node's own key; "
                    + "openssl rand -base64 32 makes one, and the node needs the same)");
        }
        if (user != null) {
            UserTopics.segment(user);
        }
        check(subscribe, user);
        check(publish, user);
        Instant now = clock.instant();
        JWTClaimsSet.Builder claims = new JWTClaimsSet.Builder()
                .subject(user)
                .issuer(settings.issuer())
                .audience(settings.audience())
                .issueTime(Date.from(now))
                .expirationTime(Date.from(now.plus(ttl)))
                .claim(settings.claim(), rights(subscribe, publish, admin));
        try {
            SignedJWT token = new SignedJWT(new JWSHeader(JWSAlgorithm.HS256), claims.build());
            token.sign(new MACSigner(settings.key().getBytes(UTF_8)));
            return token.serialize();
        } catch (JOSEException e) {
            throw new IllegalStateException(
                    "HS256 is not to be had: " + e.getMessage()); // the settings checked the key
        }
    }

    private static void check(List<String> selectors, @Nullable String user) {
        for (String text : selectors) {
            Selector.of(UserTopics.resolve(text, user));
        }
    }

    private static Map<String, Object> rights(List<String> subscribe, List<String> publish, boolean admin) {
        Map<String, Object> rights = new LinkedHashMap<>();
        if (!subscribe.isEmpty()) {
            rights.put("subscribe", subscribe);
        }
        if (!publish.isEmpty()) {
            rights.put("publish", publish);
        }
        if (admin) {
            rights.put("admin", true);
        }
        return rights;
    }
}
