package org.kvant.template;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.template.TemplateException.Kind;

/** Renders as Python's jinja2 does: the templates that llama.cpp collects, and small ones for each part of the language. */
class GoldenTest {
    private static final Map<String, Set<Kind>> KINDS = Map.of(
            "TemplateError", Set.of(Kind.RAISED),
            "UndefinedError", Set.of(Kind.UNDEFINED),
            "SecurityError", Set.of(Kind.SECURITY),
            "TemplateSyntaxError", Set.of(Kind.SYNTAX),
            "TemplateRuntimeError", Set.of(Kind.RUNTIME),
            "RecursionError", Set.of(Kind.LIMIT),
            // A built-in function of Python does not know that it was given something undefined.
            "TypeError", Set.of(Kind.TYPE, Kind.UNDEFINED),
            "ValueError", Set.of(Kind.VALUE));

    static Stream<String> templates() throws IOException {
        return new JsonObject(Golden.resource("corpus.json")).fieldNames().stream();
    }

    @Test
    void theCorpusIsWhole() throws IOException {
        try (Stream<Path> files = Files.list(Golden.corpus())) {
            assertThat(files.map(Path::getFileName).map(Path::toString).filter(name -> name.endsWith(".jinja")))
                    .containsExactlyInAnyOrderElementsOf(templates().toList())
                    .hasSize(70);
        }
    }

    @ParameterizedTest
    @MethodSource("templates")
    void rendersEveryConversation(String name) throws Exception {
        JsonObject expected = new JsonObject(Golden.resource("corpus.json")).getJsonObject(name);
        Template template = Template.parse(Golden.read(name));
        Map<String, Map<String, Object>> conversations = Golden.conversations();
        assertThat(conversations.keySet()).isEqualTo(expected.fieldNames());
        List<String> wrong = new ArrayList<>();
        for (Map.Entry<String, Map<String, Object>> conversation : conversations.entrySet()) {
            String want = expected.getString(conversation.getKey());
            try {
                String text = template.render(conversation.getValue(), Golden.NOW, TemplateLimits.DEFAULT);
                if (!digest(text).equals(want)) {
                    wrong.add(conversation.getKey() + ": expected " + want + ", rendered:\n" + text);
                }
            } catch (TemplateException e) {
                if (!want.startsWith("!") || !fits(want.substring(1), e)) {
                    wrong.add(conversation.getKey() + ": expected " + want + ", failed: " + e.kind() + " "
                            + e.getMessage());
                }
                assertThat(e.line()).as(conversation.getKey()).isPositive();
            }
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void rendersEverySnippet() throws IOException {
        Map<String, Object> variables = new JsonObject(Golden.resource("variables.json")).getMap();
        List<String> wrong = new ArrayList<>();
        List<String> snippets = Golden.lines("snippets.jsonl");
        assertThat(snippets).hasSizeGreaterThan(1400);
        for (String line : snippets) {
            JsonObject snippet = new JsonObject(line);
            String output = snippet.getString("o");
            try {
                String text =
                        Template.parse(snippet.getString("t")).render(variables, Golden.NOW, TemplateLimits.DEFAULT);
                if (!text.equals(output)) {
                    wrong.add(line + " rendered "
                            + new JsonObject().put("o", text).encode());
                }
            } catch (TemplateException e) {
                if (output != null || !fits(snippet.getString("e"), e)) {
                    wrong.add(line + " failed: " + e.kind() + " " + e.getMessage());
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    /** Errors of Python's that have no kind of their own need only be errors. */
    private static boolean fits(String pythons, TemplateException e) {
        Set<Kind> kinds = KINDS.get(pythons);
        return kinds == null || kinds.contains(e.kind());
    }

    private static String digest(String text) throws NoSuchAlgorithmException {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(hash).substring(0, 24);
    }
}
