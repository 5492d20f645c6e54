package dev.fanfare.rocksdb;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * The side file that says how far the log had come, and on which start of the machine. It is a mapped page: writing it costs no
 * system call, and the end of the process does not undo it. What it says beyond what a recovery found has been lost.
 *
 * <pre>
 * 0   newest committed position      8 bytes, big-endian
 * 8   1: closed in order, 0: in use  1
 * 9   1: every commit was synced     1
 * 10  boot id                        36
 * 46  CRC-32C of bytes 8 to 45       4
 * </pre>
 */
final class Mark {

    private static final int SIZE = 4096;
    private static final int CLOSED = 8;
    private static final int SYNCED = 9;
    private static final int BOOT = 10;
    private static final int BOOT_LENGTH = 36;
    private static final int SUM = 46;
    private static final String NO_BOOT = "-".repeat(BOOT_LENGTH);
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private final MappedByteBuffer page;

    /** What the file said when the log was last in use. */
    record Past(long committed, boolean closed, boolean synced, boolean sameBoot) {}

    private Mark(MappedByteBuffer page) {
        this.page = page;
    }

    /** Opens the file, and makes it if it is not there. */
    static Mark open(Path file) throws IOException {
        boolean isNew = !Files.exists(file);
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (isNew || channel.size() < SIZE) {
                // written, not only made larger: on a full disk a mapped page without a block behind it would kill the
                // process
                channel.write(ByteBuffer.allocate(SIZE - (int) channel.size()), channel.size());
            }
            return new Mark(channel.map(FileChannel.MapMode.READ_WRITE, 0, SIZE));
        }
    }

    /** What it says, or that nothing can be known: then as if after another start of the machine. */
    Past past() {
        byte[] facts = new byte[SUM - CLOSED];
        page.get(CLOSED, facts);
        if (page.getInt(SUM) != sum(facts)) {
            return new Past(0, false, false, false);
        }
        String boot = new String(facts, BOOT - CLOSED, BOOT_LENGTH, StandardCharsets.US_ASCII);
        boolean sameBoot = boot.equals(bootId()) && !boot.equals(NO_BOOT);
        return new Past(page.getLong(0), facts[0] == 1, facts[SYNCED - CLOSED] == 1, sameBoot);
    }

    void inUse(boolean synced, long committed) {
        write(false, synced, committed);
    }

    /** Everything is on the disk and stays as it is. */
    void closed(boolean synced, long committed) {
        write(true, synced, committed);
        page.force();
    }

    void committed(long position) {
        page.putLong(0, position);
    }

    private void write(boolean closed, boolean synced, long committed) {
        byte[] facts = new byte[SUM - CLOSED];
        facts[0] = (byte) (closed ? 1 : 0);
        facts[SYNCED - CLOSED] = (byte) (synced ? 1 : 0);
        byte[] boot = bootId().getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(boot, 0, facts, BOOT - CLOSED, BOOT_LENGTH);
        page.putLong(0, committed);
        page.put(CLOSED, facts);
        page.putInt(SUM, sum(facts));
    }

    private static int sum(byte[] facts) {
        CRC32C sum = new CRC32C();
        sum.update(facts);
        return (int) sum.getValue();
    }

    /** Names this start of the machine; where the system has no name for it, no start is the same as another. */
    static String bootId() {
        try {
            String id = Files.exists(BOOT_ID) ? Files.readString(BOOT_ID).trim() : "";
            return id.length() == BOOT_LENGTH ? id : NO_BOOT;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
