package dev.fanfare.auth;

import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.BadJWTException;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.ExpiredJWTException;
import java.text.ParseException;
import java.time.InstantSource;
import java.util.Date;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a token says: whether it is for this node and this time, who its user is, and his rights. */
final class Claims {

    /** The last second of the year 9999: later, a number is no time. */
    private static final double LATEST = 253_402_300_799d;

    private final String claim;
    private final long leewayMillis;
    private final InstantSource clock;
    private final DefaultJWTClaimsVerifier<SecurityContext> verifier;

    Claims(AuthSettings settings, InstantSource clock) {
        this.claim = settings.claim();
        this.leewayMillis = settings.leeway().toMillis();
        this.clock = clock;
        JWTClaimsSet.Builder expected = new JWTClaimsSet.Builder();
        if (settings.issuer() != null) {
            expected.issuer(settings.issuer());
        }
        this.verifier = new DefaultJWTClaimsVerifier<>(settings.audience(), expected.build(), Set.of("exp")) {
            @Override
            protected Date currentTime() {
                return Date.from(clock.instant());
            }
        };
        verifier.setMaxClockSkew((int) settings.leeway().toSeconds());
    }

    /**
     * The one these claims are about.
     *
     * @param tokenName stands for the token where it names no user
     * @throws AuthRefused if they don't hold here and now, or are not of the form they should be
     */
    Caller caller(Map<String, Object> claims, String tokenName) {
        long ends = time(claims, "exp");
        time(claims, "nbf");
        long issued = time(claims, "iat");
        long now = clock.millis();
        verify(claims);
        if (issued > now + leewayMillis) {
            throw AuthRefused.invalid("the token is not yet valid: its iat is in the future");
        }
        String user = user(claims);
        String name = user == null ? tokenName : "user:" + UserTopics.segment(user);
        return new Caller(
                Caller.Kind.JWT, user, rights(claims, user), ends > now ? ends : ends + leewayMillis, issued, name);
    }

    private void verify(Map<String, Object> claims) {
        try {
            verifier.verify(JWTClaimsSet.parse(claims), null);
        } catch (ExpiredJWTException e) {
            throw AuthRefused.invalid("the token has expired; get a new one");
        } catch (BadJWTException e) {
            throw AuthRefused.invalid("the token is not for here and now: " + e.getMessage());
        } catch (ParseException e) {
            throw AuthRefused.invalid("a registered claim of the token has the wrong type");
        }
    }

    /** A time in ms since 1970; 0 if there is none. */
    private static long time(Map<String, Object> claims, String name) {
        if (!claims.containsKey(name)) {
            return 0;
        }
        if (claims.get(name) instanceof Number seconds
                && seconds.doubleValue() >= 0
                && seconds.doubleValue() <= LATEST) {
            return (long) (seconds.doubleValue() * 1_000);
        }
        throw AuthRefused.invalid("the token's " + name + " is not a time (expected: seconds since 1970, as a number)");
    }

    private static @Nullable String user(Map<String, Object> claims) {
        if (!claims.containsKey("sub")) {
            return null;
        }
        if (!(claims.get("sub") instanceof String user)) {
            throw AuthRefused.invalid("the token's sub is not text");
        }
        try {
            UserTopics.segment(user);
            return user;
        } catch (IllegalArgumentException e) {
            throw AuthRefused.invalid("the token's sub cannot be used: " + e.getMessage());
        }
    }

    private Rights rights(Map<String, Object> claims, @Nullable String user) {
        Object found = find(claims);
        if (found == null) {
            return Rights.NONE;
        }
        if (!(found instanceof Map<?, ?> members)) {
            throw AuthRefused.invalid("the token's " + claim + " is not an object");
        }
        try {
            return RightsFields.read(members, user);
        } catch (IllegalArgumentException e) {
            throw AuthRefused.invalid("in the token's " + claim + ", " + e.getMessage());
        }
    }

    /** The claim of that name; else what the path with dots leads to. */
    private @Nullable Object find(Map<String, Object> claims) {
        if (claims.containsKey(claim)) {
            return claims.get(claim);
        }
        Object at = claims;
        for (String step : claim.split("\\.", -1)) {
            at = at instanceof Map<?, ?> members ? members.get(step) : null;
        }
        return at;
    }
}
