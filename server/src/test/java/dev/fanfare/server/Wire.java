package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A connection that writes exact bytes and reads exact bytes: no HTTP library between a test and the node. */
final class Wire implements AutoCloseable {

    private static final int PATIENCE_MILLIS = 10_000;

    private final Socket socket;
    private final InputStream in;
    private final byte[] buffer = new byte[64 * 1024];
    private int at;
    private int end;

    private Wire(Socket socket) throws IOException {
        this.socket = socket;
        this.in = socket.getInputStream();
    }

    static Wire to(int port) {
        return to(port, 0);
    }

    /** With a receive buffer of this size, or the system's when it is 0. */
    static Wire to(int port, int receiveBuffer) {
        try {
            Socket socket = new Socket();
            if (receiveBuffer > 0) {
                socket.setReceiveBufferSize(receiveBuffer);
            }
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.connect(new InetSocketAddress("127.0.0.1", port));
            return new Wire(socket);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Wire send(String text) {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    Wire send(byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Wire get(String target, String... headers) {
        return send(request("GET", target, headers));
    }

    /** A request with this body and its length. */
    Wire post(String target, String body, String... headers) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        String head = request("POST", target, headers);
        return send(head.substring(0, head.length() - 2) + "Content-Length: " + bytes.length + "\r\n\r\n" + body);
    }

    /** A request head; {@code Host: localhost} unless the headers name one. */
    static String request(String method, String target, String... headers) {
        StringBuilder head = new StringBuilder(method + " " + target + " HTTP/1.1\r\n");
        boolean host = false;
        for (String header : headers) {
            head.append(header).append("\r\n");
            host |= header.startsWith("Host:");
        }
        return head + (host ? "" : "Host: localhost\r\n") + "\r\n";
    }

    /** The next byte, or -1 at the end. */
    int read() {
        if (at == end && !fill()) {
            return -1;
        }
        return buffer[at++] & 0xff;
    }

    /** What one read of the socket gives, as text. */
    String readOnce() {
        if (at == end) {
            fill();
        }
        String text = new String(buffer, at, end - at, StandardCharsets.UTF_8);
        at = end;
        return text;
    }

    private boolean fill() {
        try {
            at = 0;
            end = Math.max(0, in.read(buffer));
            return end > 0;
        } catch (SocketTimeoutException e) {
            throw new AssertionError("nothing came in " + PATIENCE_MILLIS + " ms", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    byte[] read(int count) {
        byte[] bytes = new byte[count];
        for (int done = 0; done < count; ) {
            if (at == end && !fill()) {
                throw new AssertionError("the connection ended after " + done + " of " + count + " bytes");
            }
            int some = Math.min(count - done, end - at);
            System.arraycopy(buffer, at, bytes, done, some);
            at += some;
            done += some;
        }
        return bytes;
    }

    /** A line of a head, without its CRLF; nothing else may end one. */
    String line() {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = read(); ; next = read()) {
            if (next == -1) {
                throw new AssertionError("the connection ended within the line: " + line);
            }
            if (next == '\r') {
                assertThat(read()).as("after the CR of: %s", line).isEqualTo('\n');
                return line.toString(StandardCharsets.UTF_8);
            }
            assertThat(next).as("in the line: %s", line).isNotEqualTo('\n');
            line.write(next);
        }
    }

    /** A response head alone. */
    Answer head() {
        String status = line();
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            assertThat(colon).as("colon in: %s", line).isPositive();
            headers.add(Map.entry(
                    line.substring(0, colon), line.substring(colon + 1).trim()));
        }
        return new Answer(status, headers, new byte[0]);
    }

    /** A whole response. */
    Answer answer() {
        Answer head = head();
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        if (head.header("Transfer-Encoding").equals("chunked")) {
            for (byte[] chunk = chunk(); chunk != null; chunk = chunk()) {
                body.writeBytes(chunk);
            }
        } else if (!head.all("Content-Length").isEmpty()) {
            body.writeBytes(read(Integer.parseInt(head.header("Content-Length"))));
        } else if (head.status() >= 200 && head.status() != 204 && head.status() != 304) {
            for (int next = read(); next != -1; next = read()) {
                body.write(next);
            }
        }
        return new Answer(head.statusLine(), head.headers(), body.toByteArray());
    }

    /** The next chunk of a chunked body; null after the last one. */
    byte @Nullable [] chunk() {
        int size = Integer.parseInt(line(), 16);
        byte[] bytes = read(size);
        assertThat(line()).as("after a chunk of %s bytes", size).isEmpty();
        return size == 0 ? null : bytes;
    }

    /** Passes when the node closes the connection without a byte more; a reset is a close too. */
    void isClosed() {
        try {
            assertThat(readOnce()).as("before the close").isEmpty();
        } catch (UncheckedIOException e) {
            assertThat(e.getCause()).isInstanceOf(SocketException.class);
        }
    }

    /** Passes when nothing comes for this long. */
    void isSilentFor(int millis) {
        try {
            socket.setSoTimeout(millis);
            assertThat(in.read())
                    .as("a byte, or the end, where nothing was due")
                    .isNull();
        } catch (SocketTimeoutException e) {
            patience(PATIENCE_MILLIS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Wire patience(int millis) {
        try {
            socket.setSoTimeout(millis);
            return this;
        } catch (SocketException e) {
            throw new UncheckedIOException(e);
        }
    }

    int localPort() {
        return socket.getLocalPort();
    }

    /** Closes with a reset instead of an end. */
    void reset() {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
