package dev.fanfare.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.fanfare.hub.Retention;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories that are refused, each with one line that says what to do. */
class DataDirectoryTest {

    @TempDir
    @SuppressWarnings("NullAway") // JUnit sets it
    Path directory;

    @Test
    void aNewerFormatIsRefused() throws Exception {
        Files.writeString(directory.resolve("format"), "fanfare 2\n");
        refused(Duration.ZERO, "has format 2, and this Fanfare knows 1", "run the newer Fanfare");
    }

    @Test
    void aFormatThatIsNoneIsRefused() throws Exception {
        Files.writeString(directory.resolve("format"), "photos\n");
        refused(Duration.ZERO, "'photos'", "no data directory of Fanfare", "--data");
    }

    @Test
    void aDirectoryThatHoldsSomethingElseIsRefusedAndLeftAsItIs() throws Exception {
        Files.writeString(directory.resolve("thesis.txt"), "...");
        refused(Duration.ZERO, "holds 'thesis.txt'", "no data directory of Fanfare", "--data");
        assertThat(directory.resolve("db")).doesNotExist();
        assertThat(directory.resolve("format")).doesNotExist();
    }

    @Test
    void aFileIsRefused() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "...");
        assertThat(catchThrowable(() -> open(file, Duration.ZERO)))
                .isInstanceOf(DataDirectoryException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("not a directory")
                .message()
                .doesNotContain("\n")
                .doesNotContain("Exception");
    }

    @Test
    void aDirectoryInUseIsWaitedForAndThenRefusedWithTheNameOfTheProcess() {
        try (RocksLog log = open(directory, Duration.ZERO)) {
            long begin = System.nanoTime();
            refused(
                    Duration.ofMillis(300),
                    "in use by process " + ProcessHandle.current().pid(),
                    "--data");
            assertThat(System.nanoTime() - begin).isGreaterThan(300_000_000L);
            assertThat(log.isClosing()).isFalse();
        }
        open(directory, Duration.ZERO).close();
    }

    private void refused(Duration wait, String... said) {
        assertThat(catchThrowable(() -> open(directory, wait).close()))
                .isInstanceOf(DataDirectoryException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContainingAll(said)
                .message()
                .doesNotContain("\n");
    }

    private static RocksLog open(Path path, Duration wait) {
        return RocksLog.open(path, Retention.DEFAULT, Durability.OS, wait, InstantSource.system());
    }
}
