package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whose request it is that came through proxies. */
class ProxiesTest {

    private static final Proxies PROXIES =
            new Proxies(List.of("10.0.0.0/8", "192.0.2.7", "fd00::/8", "2001:db8:ffff::1"));

    private static InetAddress address(String text) {
        return NetUtil.createInetAddressFromIpAddressString(text);
    }

    private static String client(Proxies proxies, String peer, String... headers) {
        HttpHeaders sent = new DefaultHttpHeaders();
        for (String header : headers) {
            String[] parts = header.split(": ", 2);
            sent.add(parts[0], parts[1]);
        }
        return NetUtil.toAddressString(proxies.client(address(peer), sent));
    }

    @ParameterizedTest(name = "from {0}, X-Forwarded-For: {1} is {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "10.0.0.1 | 203.0.113.5 | 203.0.113.5",
                "10.0.0.1 | 203.0.113.5, 10.1.2.3 | 203.0.113.5",
                "10.0.0.1 | 198.51.100.1, 203.0.113.5, 10.1.2.3 | 203.0.113.5",
                "10.0.0.1 | 203.0.113.5:4711 | 203.0.113.5",
                "10.0.0.1 | 2001:db8::5 | 2001:db8::5",
                "10.0.0.1 | [2001:db8::5] | 2001:db8::5",
                "10.0.0.1 | [2001:db8::5]:4711 | 2001:db8::5",
                "10.0.0.1 | 203.0.113.5, fd12::3, 10.1.2.3 | 203.0.113.5",
                "10.0.0.1 | 10.9.9.9, 10.1.2.3 | 10.9.9.9",
                "192.0.2.7 | 203.0.113.5 | 203.0.113.5",
                "fd00::1 | 203.0.113.5 | 203.0.113.5",
                "2001:db8:ffff::1 | 2001:db8::5 | 2001:db8::5",
                "192.0.2.8 | 203.0.113.5 | 192.0.2.8",
                "203.0.113.9 | 10.0.0.1 | 203.0.113.9",
                "10.0.0.1 | unknown | 10.0.0.1",
                "10.0.0.1 | 203.0.113.5, unknown | 10.0.0.1",
                "10.0.0.1 | 203.0.113.5, 300.1.1.1 | 10.0.0.1",
                "10.0.0.1 | nonsense, 203.0.113.5 | 203.0.113.5",
                "10.0.0.1 | 203.0.113.5, | 10.0.0.1",
                "10.0.0.1 | localhost | 10.0.0.1",
                "10.0.0.1 | ::ffff:203.0.113.5 | 203.0.113.5",
                "10.0.0.1 | 203.0.113.5:x | 10.0.0.1",
            })
    void xForwardedFor(String peer, String header, String client) {
        assertThat(client(PROXIES, peer, "X-Forwarded-For: " + header)).isEqualTo(client);
    }

    @ParameterizedTest(name = "from 10.0.0.1, Forwarded: {0} is {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "for=203.0.113.5 | 203.0.113.5",
                "For=203.0.113.5;proto=https;by=10.0.0.1 | 203.0.113.5",
                "proto=https;for=203.0.113.5 | 203.0.113.5",
                "for=\"203.0.113.5:4711\" | 203.0.113.5",
                "for=\"[2001:db8::5]\" | 2001:db8::5",
                "for=\"[2001:db8::5]:4711\";host=\"a,b;for=1.1.1.1\" | 2001:db8::5",
                "for=198.51.100.1, for=203.0.113.5, for=10.1.2.3 | 203.0.113.5",
                "for=unknown | 10.0.0.1",
                "for=_hidden, for=10.1.2.3 | 10.0.0.1",
                "by=203.0.113.5 | 10.0.0.1",
                "xfor=203.0.113.5 | 10.0.0.1",
                "203.0.113.5 | 10.0.0.1",
                "for=\"203.0.113.5 | 10.0.0.1",
                "for=\"198.51.100.1, for=203.0.113.5 | 203.0.113.5",
            })
    void forwarded(String header, String client) {
        assertThat(client(PROXIES, "10.0.0.1", "Forwarded: " + header)).isEqualTo(client);
    }

    @ParameterizedTest
    @ValueSource(strings = {",", "\"\",", "\",", ";", "for=,", " "})
    void aHeaderThatIsLongAndSenselessCostsNoMoreThanItsLength(String repeated) {
        String header = "Forwarded: \"" + repeated.repeat(16_000 / repeated.length()) + "x";
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> {
            for (int i = 0; i < 100; i++) {
                assertThat(client(PROXIES, "10.0.0.1", header)).isEqualTo("10.0.0.1");
            }
        });
    }

    @Test
    void linesOfAHeaderAreOneList() {
        assertThat(client(PROXIES, "10.0.0.1", "X-Forwarded-For: 203.0.113.5", "X-Forwarded-For: 10.1.2.3"))
                .isEqualTo("203.0.113.5");
    }

    @Test
    void headersThatDisagreeAreNotBelieved() {
        assertThat(client(PROXIES, "10.0.0.1", "X-Forwarded-For: 203.0.113.5", "Forwarded: for=198.51.100.1"))
                .as("a proxy may pass on one of them as a client wrote it")
                .isEqualTo("10.0.0.1");
        assertThat(client(PROXIES, "10.0.0.1", "X-Forwarded-For: 203.0.113.5", "Forwarded: for=203.0.113.5"))
                .isEqualTo("203.0.113.5");
    }

    @Test
    void withoutATrustedProxyHeadersSayNothing() {
        assertThat(client(new Proxies(List.of()), "10.0.0.1", "X-Forwarded-For: 203.0.113.5"))
                .isEqualTo("10.0.0.1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"proxy.example", "10.0.0.0/33", "10.0.0.0/x", "fd00::/129", "", "10.0.0.0/-1"})
    void whatIsNoAddressAndNoNetworkIsRefusedByName(String trusted) {
        assertThatThrownBy(() -> new Proxies(List.of(trusted)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("proxies.trusted: " + trusted);
    }
}
