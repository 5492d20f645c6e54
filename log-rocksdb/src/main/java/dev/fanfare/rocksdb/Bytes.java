package dev.fanfare.rocksdb;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing array of bytes with the encodings of {@link Records}: numbers of 1 to 10 bytes, texts with their length in front. */
final class Bytes {

    private byte[] array = new byte[1024];
    private int length;

    void clear() {
        length = 0;
    }

    byte[] copy() {
        return Arrays.copyOf(array, length);
    }

    void number(long value) {
        room(10);
        long left = value;
        while ((left & ~0x7fL) != 0) {
            array[length++] = (byte) (left & 0x7f | 0x80);
            left >>>= 7;
        }
        array[length++] = (byte) left;
    }

    void text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        number(utf8.length);
        room(utf8.length);
        System.arraycopy(utf8, 0, array, length, utf8.length);
        length += utf8.length;
    }

    private void room(int more) {
        if (length + more > array.length) {
            array = Arrays.copyOf(array, Math.max(array.length * 2, length + more));
        }
    }

    /** Reads what was written. */
    static final class In {
        private final byte[] array;
        private int at;

        In(byte[] array) {
            this.array = array;
        }

        long number() {
            long value = 0;
            for (int shift = 0; ; shift += 7) {
                byte next = array[at++];
                value |= (long) (next & 0x7f) << shift;
                if (next >= 0) {
                    return value;
                }
            }
        }

        String text() {
            int size = (int) number();
            String text = new String(array, at, size, StandardCharsets.UTF_8);
            at += size;
            return text;
        }
    }

    /** Eight bytes that sort as the number does. */
    static byte[] ofLong(long value) {
        byte[] bytes = new byte[8];
        put(bytes, 0, value);
        return bytes;
    }

    static void put(byte[] bytes, int at, long value) {
        for (int i = 0; i < 8; i++) {
            bytes[at + i] = (byte) (value >>> 56 - 8 * i);
        }
    }

    static long toLong(byte[] bytes, int at) {
        long value = 0;
        for (int i = 0; i < 8; i++) {
            value = value << 8 | bytes[at + i] & 0xff;
        }
        return value;
    }

    /** This prefix and a position. */
    static byte[] key(byte[] prefix, long position) {
        byte[] key = Arrays.copyOf(prefix, prefix.length + 8);
        put(key, prefix.length, position);
        return key;
    }

    /** A text and a zero, which no topic, id or key has in it. */
    static byte[] prefix(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(utf8, utf8.length + 1);
    }

    static boolean startsWith(byte[] key, byte[] prefix) {
        return key.length >= prefix.length && Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
    }
}
