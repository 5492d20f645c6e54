package dev.fanfare.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that holds the value of one setting, as Kubernetes and systemd hand secrets over. */
final class SecretFile {

    static final int MOST_BYTES = 1 << 20;

    private SecretFile() {}

    /**
     * The text of a file, without the line end that editors and {@code echo} leave.
     *
     * @throws IllegalArgumentException that says what is wrong with the file, and shows nothing of it
     */
    static String read(String path) {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(Path.of(path))) {
            bytes = in.readNBytes(MOST_BYTES + 1);
        } catch (IOException | IllegalArgumentException e) {
            throw new IllegalArgumentException("a file that can be read");
        }
        if (bytes.length > MOST_BYTES) {
            throw new IllegalArgumentException("a file of at most 1 MiB");
        }
        String text = text(bytes).replaceFirst("[\\r\\n]+$", "");
        if (text.isBlank()) {
            throw new IllegalArgumentException("a file that is not empty");
        }
        return text;
    }

    private static String text(byte[] bytes) {
        try {
            return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("a file of UTF-8 text");
        }
    }
}
