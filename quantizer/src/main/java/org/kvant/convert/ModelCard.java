package org.kvant.convert;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** The YAML front matter of a checkpoint's README.md. A card that is missing or malformed is an empty one. */
final class ModelCard {
    private static final Logger LOG = LoggerFactory.getLogger(ModelCard.class);

    private static final int MAX_CHARACTERS = 1 << 20;

    private final Map<String, Object> fields;

    private ModelCard(Map<String, Object> fields) {
        this.fields = fields;
    }

    static ModelCard read(CheckpointFiles files) throws ConvertException {
        String text;
        try {
            text = files.text("README.md").orElse("");
        } catch (ConvertException e) {
            // A page for people must not stop a conversion.
            LOG.warn("{}; its model card is left out", e.getMessage());
            text = "";
        }
        return new ModelCard(parse(text));
    }

    static ModelCard of(String readme) {
        return new ModelCard(parse(readme));
    }

    private static Map<String, Object> parse(String readme) {
        List<String> lines = readme.lines().toList();
        if (lines.isEmpty() || !lines.getFirst().equals("---")) {
            return Map.of();
        }
        List<String> yaml = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            if (line.equals("---")) {
                break;
            }
            yaml.add(line);
        }
        // "no" is Norwegian here, not false; tabs are a common slip.
        String text =
                (String.join("\n", yaml) + "\n").replace("- no\n", "- \"no\"\n").replace("\t", "  ");
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(MAX_CHARACTERS);
        options.setMaxAliasesForCollections(16);
        try {
            if (new Yaml(new SafeConstructor(options)).load(text) instanceof Map<?, ?> map) {
                Map<String, Object> fields = new LinkedHashMap<>();
                map.forEach((key, value) -> {
                    if (key != null && value != null) {
                        fields.put(key.toString(), value);
                    }
                });
                return fields;
            }
        } catch (YAMLException e) {
            LOG.warn("README.md: its front matter is not YAML and is left out: {}", e.getMessage());
        }
        return Map.of();
    }

    /** The first of the keys that is there, as text; a list is joined by commas. */
    @Nullable
    String text(String... keys) {
        for (String key : keys) {
            Object value = fields.get(key);
            if (value instanceof List<?> items) {
                return String.join(",", items.stream().map(String::valueOf).toList());
            }
            if (value != null) {
                return value.toString();
            }
        }
        return null;
    }

    /** The entries of all the keys, each of which holds one or a list. */
    List<Object> entries(String... keys) {
        List<Object> entries = new ArrayList<>();
        for (String key : keys) {
            switch (fields.get(key)) {
                case null -> {}
                case List<?> items -> items.stream().filter(i -> i != null).forEach(entries::add);
                case Object one -> entries.add(one);
            }
        }
        return entries;
    }

    boolean has(String key) {
        return fields.containsKey(key);
    }
}
