package org.kvant.convert;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.gguf.ProgressListener;
import org.kvant.llama.Backend;
import org.kvant.llama.Model;
import org.kvant.llama.modelfile.ModelOptions;

/** Tokens of converted models, by llama.cpp's tokenizer, against Hugging Face's on texts on which tokenizers differ. */
class TokenEqualityTest {
    /**
     * Gemma's piece "▁▁" is written as two spaces, since llama.cpp matches such pieces against the text as it is; so a text
     * that has the letter ▁ itself twice gets two tokens, where Hugging Face finds the piece.
     */
    private static final Map<String, List<String>> DIFFERENT =
            Map.of("gemma3", List.of("<0x41> <0x0A> <0xFF> ▁ ▁▁a Ġ Ċ"));

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"demo", "llama3", "smollm", "qwen2", "qwen3", "gemma3", "mistral", "tinyllama", "nemo"})
    void tokensEqualHuggingFaces(String name) throws IOException {
        Path file = folder.resolve(name + ".gguf");
        Converter.convert(Fixtures.checkpoint(name), file, OutType.AUTO, ProgressListener.NONE);
        Backend.load();
        List<String> differences = new ArrayList<>();
        Set<String> different = new LinkedHashSet<>();
        try (Model model = Model.load(file, ModelOptions.defaults().withVocabularyOnly(true))) {
            for (Json example : Fixtures.items(Fixtures.json("tokens/" + name + ".json"))) {
                String text = example.string("text").orElseThrow();
                for (String kind : List.of("plain", "whole")) {
                    int[] expected = example.items(kind).stream()
                            .mapToInt(id -> (int) ((Json.Num) id).exact())
                            .toArray();
                    int[] actual = model.vocab().tokenize(text, kind.equals("whole"), true);
                    if (!Arrays.equals(expected, actual)) {
                        different.add(text);
                        differences.add(kind + " " + JsonText.of(new Json.Str(text)) + "\n   HF "
                                + show(model, expected) + "\n   us " + show(model, actual));
                    }
                }
            }
        }
        assertThat(different).as("%s", differences).containsExactlyElementsOf(DIFFERENT.getOrDefault(name, List.of()));
    }

    private static String show(Model model, int[] tokens) {
        StringBuilder out = new StringBuilder();
        for (int token : tokens) {
            out.append(token).append('=').append(model.vocab().text(token)).append(' ');
        }
        return out.toString();
    }
}
