package dev.fanfare.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Stands between a node and its server: can cut their connections, also in the middle of a reply, hold back replies, change them, and
 * lead to another server.
 */
public final class TcpProxy implements AutoCloseable {

    private static final long NEVER = Long.MAX_VALUE;

    private final ServerSocket listener;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    /** Connections to the server on which something was subscribed to, and those of them that nothing comes from any more. */
    private final Set<Socket> subscribed = ConcurrentHashMap.newKeySet();

    private final Set<Socket> forgotten = ConcurrentHashMap.newKeySet();
    private volatile int target;
    private volatile @Nullable String from;
    private volatile String to = "";
    private boolean holding;
    private long untilCut = NEVER;
    private int cuts;

    /** One that leads to a port of this machine. */
    public TcpProxy(int target) {
        this.target = target;
        try {
            listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        run(this::accept);
    }

    private static void run(Runnable task) {
        Thread thread = new Thread(task, "tcp-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    /** Where it listens. */
    public int port() {
        return listener.getLocalPort();
    }

    /** What is told to a node instead of the server's address. */
    public String uri() {
        return "redis://127.0.0.1:" + port();
    }

    /** Leads to another server from now on; connections to the one before are cut. */
    public void leadTo(int port) {
        target = port;
        cut();
    }

    /** Cuts after so many more bytes of replies, wherever in a reply that is. */
    public synchronized void cutAfter(int bytes) {
        untilCut = bytes;
    }

    /** How often a reply has been cut. */
    public synchronized int cuts() {
        return cuts;
    }

    /** Cuts all connections. */
    public void cut() {
        sockets.forEach(TcpProxy::close);
        sockets.clear();
    }

    /** Lets no reply through, as a network that loses all packets would. */
    public synchronized void hold() {
        holding = true;
    }

    /** Lets replies through again, those held back first. */
    public synchronized void letGo() {
        holding = false;
        notifyAll();
    }

    private synchronized void awaitLetGo() throws InterruptedException {
        while (holding) {
            wait();
        }
    }

    /** Lets nothing through any more that comes on the connections with subscriptions, as a firewall that has forgotten them would. */
    public void forgetSubscriptions() {
        forgotten.addAll(subscribed);
    }

    /** Replaces a text in replies by another of the same length. */
    public void replace(String before, String after) {
        to = after;
        from = before;
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                try {
                    Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                    sockets.add(client);
                    sockets.add(server);
                    run(() -> pass(client, server, false));
                    run(() -> pass(server, client, true));
                } catch (IOException e) {
                    close(client);
                }
            } catch (IOException e) {
                return;
            }
        }
    }

    private void pass(Socket one, Socket other, boolean replies) {
        byte[] buffer = new byte[4_096];
        try {
            InputStream in = one.getInputStream();
            OutputStream out = other.getOutputStream();
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                if (replies) {
                    awaitLetGo();
                    length = changed(buffer, length);
                    int whole = untilCut(length);
                    if (whole < length) {
                        out.write(buffer, 0, whole);
                        cut();
                        return;
                    }
                    if (forgotten.contains(one)) {
                        continue;
                    }
                } else if (new String(buffer, 0, length, StandardCharsets.ISO_8859_1).contains("SUBSCRIBE")) {
                    subscribed.add(other);
                }
                out.write(buffer, 0, length);
            }
        } catch (IOException e) {
            // the other end has gone, or the connection was cut
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            close(one);
            close(other);
            sockets.remove(one);
            sockets.remove(other);
            subscribed.remove(one);
        }
    }

    /** How many of so many bytes are to be passed on before the cut. */
    private synchronized int untilCut(int length) {
        if (untilCut == NEVER) {
            return length;
        }
        if (untilCut >= length) {
            untilCut -= length;
            return length;
        }
        int whole = (int) untilCut;
        untilCut = NEVER;
        cuts++;
        return whole;
    }

    private int changed(byte[] buffer, int length) {
        String before = from;
        if (before == null) {
            return length;
        }
        String text = new String(buffer, 0, length, StandardCharsets.ISO_8859_1).replace(before, to);
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(bytes, 0, buffer, 0, bytes.length);
        return bytes.length;
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // it is no more, which was the aim
        }
    }

    @Override
    public void close() {
        letGo();
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cut();
    }
}
