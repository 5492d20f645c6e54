package dev.fanfare.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import org.jspecify.annotations.Nullable;

/** Finds out why an address cannot be listened on, whatever the server's transport made of it, and what could be done instead. */
final class BusyPort {

    private static final int TRIES = 100;

    private BusyPort() {}

    /** What was wrong and what to do. */
    static String explain(String host, int port, IOException failure) {
        IOException why = listen(host, port);
        String address = host + ":" + port;
        if (why == null) {
            return address + ": " + failure.getMessage();
        }
        if (!String.valueOf(why.getMessage()).contains("in use")) {
            return address + ": " + why.getMessage() + " (expected: an address and a port that may be listened on)";
        }
        for (int free = port + 1; free <= Math.min(port + TRIES, 65_535); free++) {
            if (listen(host, free) == null) {
                return address + " is in use; " + free + " is free: --port " + free;
            }
        }
        return address + " is in use; any free port: --port 0";
    }

    /** Listens for a moment; what went wrong, or null. */
    private static @Nullable IOException listen(String host, int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(host, port));
            return null;
        } catch (IOException e) {
            return e;
        }
    }
}
