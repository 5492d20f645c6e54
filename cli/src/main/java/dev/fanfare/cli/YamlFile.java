package dev.fanfare.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * A YAML file of settings, flattened: {@code limits: {streams: 5}} and {@code limits.streams: 5} are the same. It is read as nodes, not
 * as objects, so that each value keeps its text and its line.
 */
final class YamlFile {

    private static final int DEEPEST = 8;

    private final Path file;
    private final Predicate<String> secret;
    private final Map<String, Line> lines = new LinkedHashMap<>();

    private YamlFile(Path file, Predicate<String> secret) {
        this.file = file;
        this.secret = secret;
    }

    /**
     * The values of the file by their full name, in the order they stand there.
     *
     * @param secret true for the names whose values no error may show
     * @throws SettingsException if the file cannot be read, is not YAML, or holds something other than names with values
     */
    static Map<String, Line> read(Path file, Predicate<String> secret) {
        YamlFile yaml = new YamlFile(file, secret);
        try (InputStream text = Files.newInputStream(file)) {
            LoadSettings load = LoadSettings.builder().setLabel(file.toString()).build();
            new Compose(load).composeInputStream(text).ifPresent(root -> yaml.flatten("", line(root), root, 0));
        } catch (IOException e) {
            throw new SettingsException(List.of(file + ": cannot be read (expected: a YAML file of settings)"));
        } catch (MarkedYamlEngineException e) {
            int line = e.getProblemMark().map(mark -> mark.getLine() + 1).orElse(1);
            throw yaml.problem(line, withoutValues(e.getProblem()) + " (expected: YAML)");
        } catch (YamlEngineException e) {
            throw yaml.problem(1, e.getMessage() + " (expected: YAML)");
        }
        return yaml.lines;
    }

    /** The alias that an unquoted {@code *} makes of a value is left out: it may be a secret. */
    private static String withoutValues(String problem) {
        return problem.replaceFirst("(undefined alias).*", "$1, a value that begins with * and has no quotes");
    }

    private void flatten(String name, int line, Node node, int depth) {
        if (secret.test(name) && !(node instanceof ScalarNode)) {
            throw problem(line, name + ": a secret that is not shown (expected: a text in quotes)");
        } else if (node instanceof MappingNode mapping && depth < DEEPEST) {
            for (NodeTuple entry : mapping.getValue()) {
                String key = scalar(name, line(entry.getKeyNode()), entry.getKeyNode());
                String full = name.isEmpty() ? key : name + "." + key;
                flatten(full, line(entry.getKeyNode()), entry.getValueNode(), depth + 1);
            }
        } else if (name.isEmpty()) {
            throw problem(line, "no settings (expected: name: value)");
        } else {
            Line before = lines.put(name, new Line(text(name, line, node), line));
            if (before != null) {
                throw problem(line, name + " is set a second time; the first is in line " + before.number());
            }
        }
    }

    private String text(String name, int line, Node node) {
        if (node instanceof SequenceNode list) {
            if (list.getValue().stream().anyMatch(MappingNode.class::isInstance)) {
                return json(name, line, list);
            }
            String joined = list.getValue().stream()
                    .map(item -> scalar(name, line, item))
                    .collect(Collectors.joining(","));
            return joined.isEmpty() ? "none" : joined;
        }
        return scalar(name, line, node);
    }

    /** A list of objects as the JSON that the environment and flags would have. */
    private String json(String name, int line, Node node) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
            write(name, line, node, json, 0);
        }
        return text.toString();
    }

    private void write(String name, int line, Node node, JsonGenerator json, int depth) {
        if (depth >= DEEPEST) {
            throw problem(line, name + ": nested too deep (expected: a list of objects)");
        }
        if (node instanceof SequenceNode list) {
            json.writeStartArray();
            list.getValue().forEach(item -> write(name, line(item), item, json, depth + 1));
            json.writeEndArray();
        } else if (node instanceof MappingNode mapping) {
            json.writeStartObject();
            for (NodeTuple entry : mapping.getValue()) {
                json.writeName(scalar(name, line(entry.getKeyNode()), entry.getKeyNode()));
                write(name, line(entry.getValueNode()), entry.getValueNode(), json, depth + 1);
            }
            json.writeEndObject();
        } else if (node.getTag().equals(Tag.BOOL)) {
            json.writeBoolean(Boolean.parseBoolean(scalar(name, line, node)));
        } else {
            json.writeString(scalar(name, line, node));
        }
    }

    private String scalar(String name, int line, Node node) {
        if (node instanceof ScalarNode scalar && !scalar.getTag().equals(Tag.NULL)) {
            return scalar.getValue();
        }
        throw problem(line, (name.isEmpty() ? "" : name + ": ") + "no value (expected: name: value)");
    }

    private static int line(Node node) {
        Optional<Mark> start = node.getStartMark();
        return start.map(mark -> mark.getLine() + 1).orElse(1);
    }

    private SettingsException problem(int line, String what) {
        return new SettingsException(List.of(what + ", from " + file + " line " + line));
    }

    /**
     * A value and where it stands.
     *
     * @param text the value, items of a list with commas between
     * @param number the line, from 1
     */
    record Line(String text, int number) {}
}
