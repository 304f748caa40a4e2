package org.kvant.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PreTokenizerTest {
    private static final String BYTE_LEVEL =
            "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": true, \"use_regex\": %s}";
    private static final String QWEN2 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|"
                    + "\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+";
    private static final String LLAMA3 = QWEN2.replace("|\\\\p{N}|", "|\\\\p{N}{1,3}|");

    @TempDir
    Path folder;

    private String recognise(String preTokenizer, boolean ignoreMerges) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"pre_tokenizer": %s, "model": {"type": "BPE", "ignore_merges": %s, "vocab": {"a": 0}, "merges": []}}
                """.formatted(preTokenizer, ignoreMerges));
        return PreTokenizer.recognise(HfTokenizer.read(new CheckpointFiles(folder)));
    }

    private static String split(String regex, String behavior, boolean invert) {
        return "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"%s\"}, \"behavior\": \"%s\", \"invert\": %s}"
                .formatted(regex, behavior, invert);
    }

    private static String sequence(String... steps) {
        return "{\"type\": \"Sequence\", \"pretokenizers\": [" + String.join(", ", steps) + "]}";
    }

    static Stream<Arguments> definitions() {
        String plain = BYTE_LEVEL.formatted(true);
        String mapping = BYTE_LEVEL.formatted(false);
        String digits = "{\"type\": \"Digits\", \"individual_digits\": true}";
        return Stream.of(
                Arguments.of("gpt-2", plain, false),
                Arguments.of("gpt-2", sequence(plain), false),
                Arguments.of("smollm", sequence(digits, plain), false),
                Arguments.of("smollm", sequence(split("\\\\p{N}", "Isolated", false), plain), false),
                Arguments.of("llama-bpe", sequence(split(LLAMA3, "Isolated", false), mapping), true),
                Arguments.of("llama-bpe", sequence(split(LLAMA3, "Removed", true), mapping), true),
                Arguments.of("smaug-bpe", sequence(split(LLAMA3, "Isolated", false), mapping), false),
                Arguments.of("qwen2", sequence(split(QWEN2, "Isolated", false), mapping), false));
    }

    @ParameterizedTest
    @MethodSource("definitions")
    void recognisesADefinitionWhateverTheVocabulary(String name, String definition, boolean ignoreMerges)
            throws IOException {
        assertThat(recognise(definition, ignoreMerges)).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "{\"type\": \"Whitespace\"}",
                "{\"type\": \"ByteLevel\", \"add_prefix_space\": true, \"use_regex\": true}",
                "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Digits\", \"individual_digits\": false},"
                        + " {\"type\": \"ByteLevel\", \"add_prefix_space\": false}]}",
                "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"ByteLevel\", \"add_prefix_space\": false},"
                        + " {\"type\": \"Digits\", \"individual_digits\": true}]}",
                "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"a\"}, \"behavior\": \"Isolated\", \"invert\": false}"
            })
    void namesADefinitionThatItDoesNotKnow(String definition) {
        String type = definition.replaceAll(".*?\"type\": \"(\\w+)\".*", "$1");
        assertThatThrownBy(() -> recognise(definition, false))
                .isInstanceOf(ConvertException.class)
                .hasMessageContaining(type)
                .hasMessageContaining("--pre NAME");
    }

    @Test
    void wholeWordsAsTokensAreNotOverlooked() {
        // The split is qwen2's, but llama.cpp's qwen2 always merges.
        String definition = sequence(split(QWEN2, "Isolated", false), BYTE_LEVEL.formatted(false));
        assertThatThrownBy(() -> recognise(definition, true))
                .isInstanceOf(ConvertException.class)
                .hasMessageContaining("ignore_merges true");
    }
}
