package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpellingTest {

    @Test
    void countsInsertionsDeletionsReplacementsAndSwaps() {
        assertThat(Spelling.edits("port", "port")).isZero();
        assertThat(Spelling.edits("prot", "port")).isEqualTo(1);
        assertThat(Spelling.edits("pot", "port")).isEqualTo(1);
        assertThat(Spelling.edits("ports", "port")).isEqualTo(1);
        assertThat(Spelling.edits("pert", "port")).isEqualTo(1);
        assertThat(Spelling.edits("", "port")).isEqualTo(4);
    }

    @Test
    void findsTheNearestWordAndNoneThatIsFar() {
        List<String> known = List.of("limits.streams", "limits.topics", "port");

        assertThat(Spelling.nearest("limits.stream", known)).contains("limits.streams");
        assertThat(Spelling.nearest("tls.certificate", known)).isEmpty();
    }
}
