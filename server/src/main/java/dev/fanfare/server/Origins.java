package dev.fanfare.server;

import dev.fanfare.http.Problem;
import io.netty.util.NetUtil;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Who may call an open node from a browser: by which {@code Host}, and from pages of which {@code Origin}. Without these rules any
 * page a developer visits could reach a node on their machine, by its address or through a name that resolves to it.
 */
final class Origins {

    private static final System.Logger LOG = System.getLogger(Origins.class.getName());
    private static final List<String> THIS_MACHINE = List.of("http://localhost:*", "http://127.0.0.1:*");
    private static final int MOST_LOGGED = 1_000;

    private final boolean insecure;
    private final List<String> hostNames;
    private final List<String> origins;
    private final Set<String> logged = ConcurrentHashMap.newKeySet();
    /** Nearly always the next one too. */
    private volatile @Nullable String lastGoodHost;

    /** The rules of these settings; those for an {@code open} node when none are set. */
    Origins(ServerSettings settings, boolean open) {
        this.insecure = settings.insecure();
        this.hostNames = settings.hostNames().stream()
                .map(name -> name.toLowerCase(Locale.ROOT))
                .toList();
        List<String> named = settings.origins();
        this.origins = named != null ? named : open && isLoopback(settings.host()) ? THIS_MACHINE : List.of();
    }

    /** Whether an address to listen on is reached from this machine only. */
    static boolean isLoopback(String host) {
        return host.equals("localhost") || host.equals("::1") || host.startsWith("127.");
    }

    /** Refuses a Host that is neither this machine, nor an address, nor a name of this node. */
    void checkHost(@Nullable String host) {
        if (insecure || host == null || host.equals(lastGoodHost)) {
            return;
        }
        String name = host.startsWith("[") ? host.substring(0, host.indexOf(']') + 1) : host.replaceFirst(":\\d*$", "");
        name = name.toLowerCase(Locale.ROOT);
        boolean address = NetUtil.isValidIpV4Address(name)
                || name.startsWith("[")
                        && NetUtil.isValidIpV6Address(name.substring(1, Math.max(1, name.length() - 1)));
        if (!address && !name.equals("localhost") && !hostNames.contains(name)) {
            throw new Problem(
                    421,
                    "Misdirected request",
                    "this node is open to all and answers to localhost and addresses only; set host.names=" + name
                            + " to have it answer to that name");
        }
        lastGoodHost = host;
    }

    /** Whether a page of this origin may read answers. */
    boolean allows(String origin) {
        for (String allowed : origins) {
            if (allowed.equals("*") || allowed.equals(origin)) {
                return true;
            }
            if (allowed.endsWith(":*")) {
                String base = allowed.substring(0, allowed.length() - 2);
                if (origin.startsWith(base)
                        && (origin.length() == base.length()
                                || origin.substring(base.length()).matches(":\\d{1,5}"))) {
                    return true;
                }
            }
        }
        if (logged.size() < MOST_LOGGED && logged.add(origin)) {
            LOG.log(System.Logger.Level.WARNING, "refused a page of {0}; cors.origins={0} would allow it", origin);
        }
        return false;
    }

    /** Whether answers are for pages of every origin, and so without credentials. */
    boolean isOpenToAll() {
        return origins.contains("*");
    }

    /** Whether a page may act as whoever's browser it is in: not a foreign one that is allowed because all are. */
    boolean letsCookiesCount(@Nullable String origin, @Nullable String host) {
        return origin == null || !isOpenToAll() || isOwn(origin, host);
    }

    /** Whether an origin is that of the pages which this node serves under the name it was asked by. */
    static boolean isOwn(String origin, @Nullable String host) {
        return origin.equals("http://" + host) || origin.equals("https://" + host);
    }

    /** Refuses what a page of a foreign origin would have changed. */
    void checkChange(@Nullable String origin, @Nullable String host) {
        if (origin == null || isOwn(origin, host) || allows(origin)) {
            return;
        }
        throw new Problem(
                403,
                "Origin not allowed",
                "pages of " + origin + " may not publish or delete here; cors.origins=" + origin + " would allow it");
    }
}
