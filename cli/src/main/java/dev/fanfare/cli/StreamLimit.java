package dev.fanfare.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** How many streams this machine can hold: each takes a file descriptor, and some memory when it lags. */
final class StreamLimit {

    /** Heap that one stream is counted with; an idle one takes far less, one that lags holds a write of up to 64 kB now and then. */
    private static final long HEAP_BYTES = 8 << 10;

    /** Descriptors that are left for publishers, the log, jars and the rest. */
    private static final long OTHER_DESCRIPTORS = 256;

    private StreamLimit() {}

    static int ofThisMachine() {
        return of(descriptors(), Runtime.getRuntime().maxMemory());
    }

    /** Nine tenths of the descriptors, and no more than half of the heap. */
    static int of(long descriptors, long heap) {
        long byDescriptors = (descriptors - OTHER_DESCRIPTORS) / 10 * 9;
        long byMemory = heap / 2 / HEAP_BYTES;
        return (int) Math.max(16, Math.min(Math.min(byDescriptors, byMemory), Integer.MAX_VALUE));
    }

    /** The soft limit. Read from /proc, since asking the management beans costs a tenth of a second at start. */
    private static long descriptors() {
        try (Stream<String> limits = Files.lines(Path.of("/proc/self/limits"))) {
            return limits.filter(line -> line.startsWith("Max open files"))
                    .map(line -> line.split("\\s+")[3])
                    .mapToLong(soft -> soft.equals("unlimited") ? Integer.MAX_VALUE : Long.parseLong(soft))
                    .findFirst()
                    .orElse(Integer.MAX_VALUE);
        } catch (IOException | NumberFormatException e) {
            return Integer.MAX_VALUE; // no /proc here: memory alone decides
        }
    }
}
