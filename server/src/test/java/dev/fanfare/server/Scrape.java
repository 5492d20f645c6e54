package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a node answers at {@code /metrics}, taken apart as Prometheus' text format says. */
record Scrape(Map<String, String> help, Map<String, String> types, List<Sample> samples) {

    private static final Pattern SAMPLE =
            Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (-?[0-9.eE+-]+|NaN|[+-]Inf)");
    private static final Pattern LABEL = Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\"(,|$)");

    /** One line: a series and its value. */
    record Sample(String name, Map<String, String> labels, double value) {}

    static Scrape of(TestNode node) {
        Answer answer = node.get("/metrics").has(200);
        assertThat(answer.header("Content-Type")).startsWith("text/plain; version=0.0.4");
        return of(answer.text());
    }

    static Scrape of(String text) {
        Scrape scrape = new Scrape(new TreeMap<>(), new TreeMap<>(), new ArrayList<>());
        text.lines().forEach(scrape::read);
        return scrape;
    }

    private void read(String line) {
        String[] words = line.split(" ", 4);
        if (line.startsWith("# HELP ")) {
            help.put(words[2], words[3]);
        } else if (line.startsWith("# TYPE ")) {
            types.put(words[2], words[3]);
        } else {
            Matcher sample = SAMPLE.matcher(line);
            assertThat(sample.matches()).as(line).isTrue();
            Map<String, String> labels = new TreeMap<>();
            String text = sample.group(2) == null ? "" : sample.group(2);
            LABEL.matcher(text).results().forEach(label -> labels.put(label.group(1), label.group(2)));
            assertThat(LABEL.matcher(text)
                            .results()
                            .mapToInt(MatchResult::end)
                            .max()
                            .orElse(0))
                    .as(line)
                    .isEqualTo(text.length());
            samples.add(new Sample(
                    sample.group(1), labels, Double.parseDouble(sample.group(3).replace("Inf", "Infinity"))));
        }
    }

    /** The samples of a metric, those of its histogram or summary included. */
    Stream<Sample> series(String metric) {
        return samples.stream()
                .filter(sample -> sample.name().equals(metric)
                        || sample.name()
                                .replaceFirst("_(bucket|count|sum)$", "")
                                .equals(metric));
    }

    /** The one series of this name and these labels: {@code value("fanfare_gaps_total", "reason", "expired")}. */
    double value(String name, String... labels) {
        Map<String, String> wanted = new TreeMap<>();
        for (int i = 0; i < labels.length; i += 2) {
            wanted.put(labels[i], labels[i + 1]);
        }
        List<Sample> found = samples.stream()
                .filter(sample -> sample.name().equals(name) && sample.labels().equals(wanted))
                .toList();
        assertThat(found).as(name + wanted).hasSize(1);
        return found.get(0).value();
    }
}
