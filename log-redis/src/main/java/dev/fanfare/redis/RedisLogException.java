package dev.fanfare.redis;

/** A Redis server cannot hold a hub. The message says why, and what to do. */
public final class RedisLogException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RedisLogException(String message) {
        super(message);
    }

    RedisLogException(String message, Throwable cause) {
        super(message, cause);
    }
}
