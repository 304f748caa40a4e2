package org.kvant.template;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What {@code generate.py} in the test's resources made with Python, and rendering under the same conditions. */
final class Golden {
    static final ZonedDateTime NOW = ZonedDateTime.of(2026, 2, 3, 4, 5, 6, 789_000, ZoneId.of("UTC"));
    private static final String FOLDER = "/templates/";

    private Golden() {}

    static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(Golden.class.getResourceAsStream(FOLDER + name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** The conversations by name, each the variables of a rendering. */
    static Map<String, Map<String, Object>> conversations() throws IOException {
        Map<String, Map<String, Object>> cases = new LinkedHashMap<>();
        for (Object element : new JsonArray(resource("conversations.json"))) {
            JsonObject one = (JsonObject) element;
            Map<String, @Nullable Object> variables = new LinkedHashMap<>();
            variables.put("tools", null);
            variables.put("documents", null);
            variables.put("bos_token", "<s>");
            variables.put("eos_token", "</s>");
            variables.putAll(one.getJsonObject("variables").getMap());
            cases.put(one.getString("name"), variables);
        }
        return cases;
    }

    /** The folder with llama.cpp's collection of templates. */
    static Path corpus() {
        Path folder = Path.of(
                Objects.requireNonNull(System.getProperty("kvant.root")),
                "native",
                "lib",
                "source",
                "models",
                "templates");
        if (!Files.isDirectory(folder)) {
            throw new IllegalStateException(folder + " is missing: run 'make tools', which fetches llama.cpp's source");
        }
        return folder;
    }

    static String read(String template) throws IOException {
        return Files.readString(corpus().resolve(template));
    }

    static List<String> lines(String resource) throws IOException {
        return resource(resource).lines().filter(line -> !line.isBlank()).toList();
    }
}
