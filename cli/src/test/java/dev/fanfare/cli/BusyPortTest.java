package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class BusyPortTest {

    @Test
    void namesAPortThatIsFree() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();

            String problem = BusyPort.explain("127.0.0.1", port, new IOException("bind failed"));

            MatchResult free = Pattern.compile("127.0.0.1:" + port + " is in use; (\\d+) is free: --port \\1")
                    .matcher(problem)
                    .results()
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(problem));
            new ServerSocket(Integer.parseInt(free.group(1)), 1, InetAddress.getLoopbackAddress()).close();
        }
    }

    @Test
    void saysWhatElseIsWrong() {
        assertThat(BusyPort.explain("192.0.2.1", 7070, new IOException("bind failed")))
                .isEqualTo("192.0.2.1:7070: Cannot assign requested address"
                        + " (expected: an address and a port that may be listened on)");
        assertThat(BusyPort.explain("127.0.0.1", 0, new IOException("too many open files")))
                .isEqualTo("127.0.0.1:0: too many open files");
        assertThat(BusyPort.explain("no.such.name.invalid", 0, new IOException("bind failed")))
                .startsWith("no.such.name.invalid:0: Unresolved address");
    }
}
