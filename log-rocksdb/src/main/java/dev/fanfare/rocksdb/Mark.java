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
 * 0   1: closed in order, 0: in use      1
 * 1   1: every commit was synced         1
 * 2   boot id                            36
 * 38  CRC-32C of bytes 0 to 37           4
 * 48  a committed position, big-endian   8
 * 56  the same, inverted                 8
 * 64  the one before or after it         8
 * 72  the same, inverted                 8
 * </pre>
 */
final class Mark {

    private static final int SIZE = 4096;
    private static final int SYNCED = 1;
    private static final int BOOT = 2;
    private static final int BOOT_LENGTH = 36;
    private static final int SUM = 38;
    private static final int POSITIONS = 48;
    private static final int POSITION_LENGTH = 16;
    private static final String NO_BOOT = "-".repeat(BOOT_LENGTH);
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private final MappedByteBuffer page;
    /** Where the next position goes: the two places take turns, so that one is whole whenever the process ends. */
    private int turn;

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

    /** What it says; what of it is damaged, as if after another start of the machine. */
    Past past() {
        byte[] facts = new byte[SUM];
        page.get(0, facts);
        long committed = Math.max(0, Math.max(position(0), position(1)));
        if (page.getInt(SUM) != sum(facts) || committed == 0) {
            return new Past(committed, false, false, false);
        }
        String boot = new String(facts, BOOT, BOOT_LENGTH, StandardCharsets.US_ASCII);
        boolean sameBoot = boot.equals(bootId()) && !boot.equals(NO_BOOT);
        return new Past(committed, facts[0] == 1, facts[SYNCED] == 1, sameBoot);
    }

    private long position(int place) {
        int at = POSITIONS + place * POSITION_LENGTH;
        long position = page.getLong(at);
        return page.getLong(at + 8) == ~position ? position : -1;
    }

    /** The log is in use from now on. That is on the disk before anything is appended: whatever comes now may be lost with the power. */
    void inUse(boolean synced, long committed) {
        write(false, synced, committed);
    }

    /** Everything is on the disk and stays as it is. */
    void closed(boolean synced, long committed) {
        write(true, synced, committed);
    }

    void committed(long position) {
        int at = POSITIONS + turn * POSITION_LENGTH;
        turn = 1 - turn;
        page.putLong(at, position);
        page.putLong(at + 8, ~position);
    }

    private void write(boolean closed, boolean synced, long committed) {
        byte[] facts = new byte[SUM];
        facts[0] = (byte) (closed ? 1 : 0);
        facts[SYNCED] = (byte) (synced ? 1 : 0);
        byte[] boot = bootId().getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(boot, 0, facts, BOOT, BOOT_LENGTH);
        committed(committed);
        committed(committed);
        page.put(0, facts);
        page.putInt(SUM, sum(facts));
        page.force();
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
