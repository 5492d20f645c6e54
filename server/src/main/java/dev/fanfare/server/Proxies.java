package dev.fanfare.server;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds whose request it is that came through proxies. What {@code X-Forwarded-For} and {@code Forwarded} say counts from a trusted
 * peer only, read from the right up to the first address that is not trusted: what stands left of that, anyone can have written. When
 * a header makes no sense up to there, or the two of them disagree, the peer itself is taken.
 */
final class Proxies {

    private static final Pattern ADDRESS =
            Pattern.compile("\\[([0-9a-fA-F:.]+)](?::\\d{1,5})?|([0-9.]+)(?::\\d{1,5})?|([0-9a-fA-F:.]+)");
    private static final Pattern FOR = Pattern.compile(
            "(?:^|;)\\s*for\\s*=\\s*(?:\"([^\"\\\\]*)\"|([^\\s;\"]+))\\s*(?=;|$)", Pattern.CASE_INSENSITIVE);

    private final List<IpSubnetFilterRule> trusted = new ArrayList<>();

    /** @throws IllegalArgumentException that names the one that is neither an address nor a network */
    Proxies(List<String> trustedNetworks) {
        for (String network : trustedNetworks) {
            trusted.add(rule(network));
        }
    }

    private static IpSubnetFilterRule rule(String network) {
        int slash = network.indexOf('/');
        InetAddress address = address(slash < 0 ? network : network.substring(0, slash));
        try {
            if (address != null) {
                int bits = slash < 0 ? address.getAddress().length * 8 : Integer.parseInt(network.substring(slash + 1));
                return new IpSubnetFilterRule(address, bits, IpFilterRuleType.ACCEPT);
            }
        } catch (IllegalArgumentException e) {
            // said below
        }
        throw new IllegalArgumentException(
                "proxies.trusted: " + network + " (expected: an address or a network, like 10.0.0.7 or 10.0.0.0/8)");
    }

    /** The client's address. */
    InetAddress client(InetAddress peer, HttpHeaders headers) {
        if (trusted.isEmpty() || !trusts(peer)) {
            return peer;
        }
        List<String> lines = headers.getAll("X-Forwarded-For");
        List<String> standardLines = headers.getAll("Forwarded");
        InetAddress client = lines.isEmpty() ? null : first(addresses(lines), peer);
        InetAddress standard = standardLines.isEmpty() ? null : first(forAddresses(standardLines), peer);
        if (client == null) {
            return standard == null ? peer : standard;
        }
        return standard == null || standard.equals(client) ? client : peer;
    }

    private boolean trusts(InetAddress address) {
        InetSocketAddress at = new InetSocketAddress(address, 0);
        for (IpSubnetFilterRule rule : trusted) {
            if (rule.matches(at)) {
                return true;
            }
        }
        return false;
    }

    /** From the right, the first that is not trusted; the leftmost if all are; the peer if one before that makes no sense. */
    private InetAddress first(List<@Nullable InetAddress> addresses, InetAddress peer) {
        InetAddress found = peer;
        for (int i = addresses.size() - 1; i >= 0; i--) {
            InetAddress address = addresses.get(i);
            if (address == null) {
                return peer;
            }
            found = address;
            if (!trusts(address)) {
                return found;
            }
        }
        return found;
    }

    private static List<@Nullable InetAddress> addresses(List<String> lines) {
        List<@Nullable InetAddress> addresses = new ArrayList<>();
        for (String text : String.join(",", lines).split(",", -1)) {
            addresses.add(address(text.strip()));
        }
        return addresses;
    }

    private static List<@Nullable InetAddress> forAddresses(List<String> lines) {
        List<@Nullable InetAddress> addresses = new ArrayList<>();
        for (String element : elements(String.join(",", lines))) {
            Matcher value = FOR.matcher(element.strip());
            String quoted = null;
            String token = null;
            if (value.find()) {
                quoted = value.group(1);
                token = value.group(2);
            }
            addresses.add(address(quoted != null ? quoted : token != null ? token : ""));
        }
        return addresses;
    }

    /** What is between the commas that are not quoted, seen from the right: a quote that a client wrote hides nothing that a proxy added. */
    private static List<String> elements(String text) {
        List<String> elements = new ArrayList<>();
        boolean quoted = false;
        int end = text.length();
        for (int i = end - 1; i >= 0; i--) {
            if (text.charAt(i) == '"') {
                quoted = !quoted;
            } else if (text.charAt(i) == ',' && !quoted) {
                elements.add(text.substring(i + 1, end));
                end = i;
            }
        }
        elements.add(text.substring(0, end));
        Collections.reverse(elements);
        return elements;
    }

    /** An address with or without a port, or null; never looked up. */
    private static @Nullable InetAddress address(String text) {
        Matcher matcher = ADDRESS.matcher(text);
        if (text.length() > 64 || !matcher.matches()) {
            return null;
        }
        String bare = matcher.group(1) != null
                ? matcher.group(1)
                : matcher.group(2) != null ? matcher.group(2) : matcher.group(3);
        boolean six = matcher.group(2) == null;
        byte[] bytes = (six ? NetUtil.isValidIpV6Address(bare) : NetUtil.isValidIpV4Address(bare))
                ? NetUtil.createByteArrayFromIpAddressString(bare)
                : null;
        try {
            return bytes == null ? null : InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            return null;
        }
    }
}
