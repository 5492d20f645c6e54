package dev.fanfare.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads lines of UTF-8 as they arrive, and refuses what no event could carry. Lines end with LF or CRLF. */
final class InputLines {

    /** More than any node takes; without a bound, a file without line ends would fill the memory. */
    private static final int LONGEST = 64 << 20;

    private final InputStream in;
    private long number;

    InputLines(InputStream in) {
        this.in = new BufferedInputStream(in, 1 << 16);
    }

    /** The number of the line read last, from 1. */
    long number() {
        return number;
    }

    /**
     * The next line, without its end; null after the last one.
     *
     * @throws IOException also if the line is not UTF-8, or too long
     */
    @Nullable
    String next() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(256);
        int b = in.read();
        if (b < 0) {
            return null;
        }
        number++;
        for (; b >= 0 && b != '\n'; b = in.read()) {
            if (line.size() == LONGEST) {
                throw new IOException("longer than 64 MiB (expected: one event a line)");
            }
            line.write(b);
        }
        return text(line.toByteArray());
    }

    private static String text(byte[] line) throws IOException {
        int length = line.length > 0 && line[line.length - 1] == '\r' ? line.length - 1 : line.length;
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(line, 0, length))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IOException("not UTF-8 (expected: text; send other data as base64)", e);
        }
    }
}
