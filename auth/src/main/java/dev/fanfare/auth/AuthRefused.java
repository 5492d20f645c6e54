package dev.fanfare.auth;

/**
 * A caller or what he asks is refused. The message says what to do, and never holds a credential or a part of one. Carries no stack.
 */
public final class AuthRefused extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** Why, and so with which status. */
    public enum Reason {
        /** There is no credential, and what is asked needs one. */
        MISSING(401),
        /** The credential is no good. */
        INVALID(401),
        /** The credential is good, and does not give the right. */
        FORBIDDEN(403),
        /** It can't be told now: keys cannot be had, or there is too much to verify. */
        UNAVAILABLE(503);

        private final int status;

        Reason(int status) {
            this.status = status;
        }

        /** The HTTP status. */
        public int status() {
            return status;
        }
    }

    private final Reason reason;
    private final int retryAfterSeconds;

    private AuthRefused(Reason reason, String description, int retryAfterSeconds) {
        super(description, null, false, false);
        this.reason = reason;
        this.retryAfterSeconds = retryAfterSeconds;
    }

    static AuthRefused missing(String what) {
        return new AuthRefused(
                Reason.MISSING, what + " needs a credential: Authorization: Bearer, with a token or an API key", 0);
    }

    /** A credential that is no good. */
    public static AuthRefused invalid(String description) {
        return new AuthRefused(Reason.INVALID, description, 0);
    }

    /** A right that a good credential does not give. */
    public static AuthRefused forbidden(String description) {
        return new AuthRefused(Reason.FORBIDDEN, description, 0);
    }

    /** What can't be told now, and when to try again. */
    public static AuthRefused unavailable(String description, int retryAfterSeconds) {
        return new AuthRefused(Reason.UNAVAILABLE, description, retryAfterSeconds);
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }

    /** What is wrong and what to do. */
    public String description() {
        return String.valueOf(getMessage());
    }

    /** For {@link Reason#UNAVAILABLE}: when to try again, in seconds. */
    public int retryAfterSeconds() {
        return retryAfterSeconds;
    }

    /** The value of {@code WWW-Authenticate} that goes with a 401 or 403 (RFC 6750, 3). */
    public String challenge() {
        String realm = "Bearer realm=\"fanfare\"";
        return switch (reason) {
            case INVALID -> realm + ", error=\"invalid_token\"" + quotedDescription();
            case FORBIDDEN -> realm + ", error=\"insufficient_scope\"" + quotedDescription();
            case MISSING, UNAVAILABLE -> realm;
        };
    }

    private String quotedDescription() {
        return ", error_description=\"" + description().replaceAll("[^ -!#-\\[\\]-~]", "?") + "\"";
    }
}
