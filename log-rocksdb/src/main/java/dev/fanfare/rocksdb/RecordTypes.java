package dev.fanfare.rocksdb;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The types of the records in RocksDB's write-ahead logs and manifests, as far as they must be looked at before RocksDB does. It has types
 * for files that are used again, which this log never does; where damage made such a type of another, RocksDB would look for the next
 * record for ever. The type is written back as what it must have been: the record's checksum, which covers it, then says whether it was.
 *
 * <pre>
 * a file is blocks of 32 KiB, a block is records, then zeros where no header fits:
 * checksum 4, length 2, little-endian, type 1, data
 * </pre>
 */
final class RecordTypes {

    private static final int BLOCK = 32 << 10;
    private static final int HEADER = 7;

    private RecordTypes() {}

    /** Writes back what must be in all files of a store; returns in how many places. */
    static int restore(Path store) throws IOException {
        int restored = 0;
        if (Files.isDirectory(store)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(store, "{*.log,MANIFEST-*}")) {
                for (Path file : files) {
                    restored += restoreFile(file);
                }
            }
        }
        return restored;
    }

    private static int restoreFile(Path file) throws IOException {
        int restored = 0;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer block = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
            for (long begin = 0; begin < channel.size(); begin += BLOCK) {
                block.clear();
                while (block.hasRemaining() && channel.read(block, begin + block.position()) > 0) {
                    // a read may give less than there is
                }
                int length = block.position();
                for (int at = 0; at + HEADER <= length; at += HEADER + (block.getShort(at + 4) & 0xffff)) {
                    byte type = block.get(at + 6);
                    byte original = original(type);
                    if (original != type) {
                        channel.write(ByteBuffer.wrap(new byte[] {original}), begin + at + 6);
                        restored++;
                    }
                }
            }
        }
        return restored;
    }

    /** What a type must have been that only files have which are used again. */
    private static byte original(byte type) {
        return switch (type & 0xff) {
            case 5, 6, 7, 8 -> (byte) (type - 4);
            case 11, 131 -> (byte) (type - 1);
            default -> type;
        };
    }
}
