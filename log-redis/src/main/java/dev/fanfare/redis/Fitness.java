package dev.fanfare.redis;

import io.lettuce.core.api.sync.RedisCommands;
import java.security.KeyException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/** Whether a server can hold a hub. */
final class Fitness {

    private static final int LEAST_MAJOR = 6;
    private static final int LEAST_MINOR = 2;

    private Fitness() {}

    /** Refuses a server that would drop what it was given, or that is too old. */
    static void check(RedisCommands<String, String> server, String name) {
        String version = field(server.info("server"), "redis_version");
        Matcher numbers = Pattern.compile("(\\d+)\\.(\\d+).*").matcher(version);
        if (numbers.matches()) {
            int major = Integer.parseInt(numbers.group(1));
            if (major < LEAST_MAJOR || major == LEAST_MAJOR && Integer.parseInt(numbers.group(2)) < LEAST_MINOR) {
                throw new RedisLogException(name + " is version " + version + " (expected: " + LEAST_MAJOR + "."
                        + LEAST_MINOR + " or later, or Valkey)");
            }
        }
        String policy = field(server.info("memory"), "maxmemory_policy");
        if (!policy.equals("noeviction")) {
            throw new RedisLogException(name + " has maxmemory-policy " + policy
                    + " and would drop events (expected: noeviction; run CONFIG SET maxmemory-policy noeviction)");
        }
    }

    private static String field(String info, String name) {
        Matcher line = Pattern.compile("(?m)^" + name + ":(\\S*)").matcher(info);
        return line.find() ? line.group(1) : "";
    }

    /** What to look at when a server could not be connected to. */
    static String hint(Throwable failure) {
        boolean sentinels = false;
        for (Throwable one = failure; one != null; one = one.getCause()) {
            String message = String.valueOf(one.getMessage());
            sentinels |= message.contains("Redis Sentinel");
            if (sentinels && (message.startsWith("NOAUTH") || message.startsWith("WRONGPASS"))) {
                return " (a sentinel's own password is redis.sentinel-password)";
            }
            if (one instanceof SSLException) {
                return message.contains("Received fatal alert")
                        ? " (does it trust redis.cert, and does it ask for one?)"
                        : " (is its certificate for this host, and of an authority that Java knows, or of redis.ca?)";
            }
            if (one instanceof KeyException || message.contains("valid private key")) {
                return " (redis.key is a PEM file with a key in PKCS #8: openssl pkcs8 -topk8 -nocrypt)";
            }
        }
        return "";
    }

    /** What is wrong with a hub that a later Fanfare has changed. */
    static String newerFormat(String hub, String message) {
        return "hub '" + hub + "' has format " + message.substring(message.lastIndexOf(' ') + 1)
                + ", which this version does not know; run a later Fanfare";
    }
}
