package dev.fanfare.server;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;

/** What is held: by this process, and by the kernel for its sockets. */
final class Memory {

    private Memory() {}

    /** Bytes of live heap and of the node's direct buffers. */
    static long used() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        long direct = ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT)
                .metric()
                .usedDirectMemory();
        return runtime.totalMemory() - runtime.freeMemory() + direct;
    }

    /** Passes when no more than this is held beyond what was; buffers of connections that have just closed may take a moment. */
    static void settles(long before, long growth) {
        Awaitility.await("bytes held beyond the " + before + " before")
                .until(() -> used() - before, held -> held <= growth);
    }

    /** What waits in the kernel to be sent on each established connection of this local port; empty where the kernel does not say. */
    static List<Long> sendQueues(int localPort) {
        List<Long> queues = new ArrayList<>();
        String port = String.format(":%04X", localPort);
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            for (String line : lines(Path.of(table))) {
                String[] fields = line.trim().split("\\s+");
                if (fields.length > 4 && fields[1].endsWith(port) && fields[3].equals("01")) {
                    queues.add(Long.parseLong(fields[4].split(":", 2)[0], 16));
                }
            }
        }
        return queues;
    }

    private static List<String> lines(Path table) {
        if (!Files.isReadable(table)) {
            return List.of();
        }
        try {
            return Files.readAllLines(table);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
