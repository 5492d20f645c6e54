package dev.fanfare.hub;

import java.util.Locale;

/** Why a stream is over. */
public enum EndCause {
    /** The client has gone, or its connection has. */
    CLIENT,
    /** The client could not keep up, and was to be closed then or took nothing for too long. */
    SLOW,
    /** The node prepares to stop. */
    DRAIN,
    /** It was open for as long as a stream may be. */
    AGE,
    /** The token it was opened with has ended. */
    TOKEN_ENDED,
    /** Its user was revoked. */
    REVOKED,
    /** A newer stream on the same ticket took its place. */
    REPLACED,
    /** All its topics have ended. */
    TOPIC_ENDED,
    /** An administrator closed it. */
    ADMIN,
    /** Its transport failed. */
    ERROR,
    /** The node stops. */
    SHUTDOWN;

    /** The cause as metrics have it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
