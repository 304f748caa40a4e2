package org.kvant.convert;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The chat template, and named ones beside it. In order of precedence: {@code chat_template} of tokenizer_config.json, as
 * a string or a list of named ones; chat_template.jinja with additional_chat_templates/NAME.jinja; chat_template.json.
 */
record ChatTemplates(@Nullable String main, Map<String, String> named) {
    private static final String DEFAULT = "default";

    static ChatTemplates read(CheckpointFiles files) throws ConvertException {
        Json config = files.json("tokenizer_config.json").orElse(new Json.Obj(Map.of()));
        Json template = ((Json.Obj) config).fields().get("chat_template");
        if (template == null) {
            if (files.has("chat_template.jinja")) {
                return files(files);
            }
            template = files.json("chat_template.json")
                    .flatMap(j -> j.get("chat_template"))
                    .orElse(Json.Null.NULL);
        }
        return switch (template) {
            case Json.Str(var text) -> new ChatTemplates(text, Map.of());
            case Json.Arr(var items) -> named(items);
            default -> new ChatTemplates(null, Map.of());
        };
    }

    private static ChatTemplates files(CheckpointFiles files) throws ConvertException {
        String main = files.text("chat_template.jinja").orElse("");
        Path folder = files.dir().resolve("additional_chat_templates");
        Map<String, String> named = new LinkedHashMap<>();
        if (Files.isDirectory(folder)) {
            for (String name : jinjaFiles(folder)) {
                String text = files.text("additional_chat_templates/" + name).orElse("");
                named.put(key(name.substring(0, name.length() - ".jinja".length())), newlines(text));
            }
        }
        return new ChatTemplates(newlines(main), named);
    }

    private static List<String> jinjaFiles(Path folder) throws ConvertException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(p -> p.getFileName().toString())
                    .filter(n -> n.endsWith(".jinja"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new ConvertException(folder + ": cannot be listed: " + e, e);
        }
    }

    private static ChatTemplates named(List<Json> items) {
        String main = null;
        Map<String, String> named = new LinkedHashMap<>();
        for (Json item : items) {
            String name = key(item.string("name").orElse(""));
            String text = item.string("template").orElse(null);
            if (name.isEmpty() || text == null) {
                continue;
            }
            if (name.equals(DEFAULT)) {
                main = text;
            } else {
                named.put(name, text);
            }
        }
        return new ChatTemplates(main, named);
    }

    /** Text files are read as Python reads them: every kind of line end is a line feed. */
    private static String newlines(String text) {
        return text.replace("\r\n", "\n").replace('\r', '\n');
    }

    private static String key(String name) {
        return name.replaceAll("[^A-Za-z0-9]", "_");
    }

    void write(MetadataFields out) {
        named.forEach((name, text) -> out.string("tokenizer.chat_template." + name, text));
        out.strings("tokenizer.chat_templates", new ArrayList<>(named.keySet()));
        out.string("tokenizer.chat_template", main);
    }
}
