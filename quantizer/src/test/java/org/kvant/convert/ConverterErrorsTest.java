package org.kvant.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.gguf.ProgressListener;

/** Checkpoints that cannot be converted: the message names the place and the remedy, and nothing is left behind. */
class ConverterErrorsTest {
    /** Damages a checkpoint. */
    @FunctionalInterface
    interface Damage {
        void in(Path folder) throws IOException;
    }

    @TempDir
    Path folder;

    private static Damage edit(String file, String what, String by) {
        return in -> {
            String text = Files.readString(in.resolve(file));
            assertThat(text).as("%s holds the text to damage", file).contains(what);
            Files.writeString(in.resolve(file), text.replace(what, by));
        };
    }

    private static Damage delete(String file) {
        return in -> Files.delete(in.resolve(file));
    }

    /** Replaces in the safetensors header, keeping its length. */
    private static Damage header(String what, String by) {
        return in -> {
            Path file = in.resolve("model.safetensors");
            byte[] bytes = Files.readAllBytes(file);
            int length =
                    (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
            String header = new String(bytes, 8, length, StandardCharsets.UTF_8);
            assertThat(header).contains(what);
            byte[] changed = header.replace(what, by).getBytes(StandardCharsets.UTF_8);
            assertThat(changed).hasSize(length);
            System.arraycopy(changed, 0, bytes, 8, length);
            Files.write(file, bytes);
        };
    }

    static Stream<Arguments> damages() {
        return Stream.of(
                Arguments.of("smollm", delete("config.json"), List.of("no config.json")),
                Arguments.of("smollm", edit("config.json", "{", "["), List.of("config.json", "JSON")),
                Arguments.of(
                        "smollm",
                        edit("config.json", "LlamaForCausalLM", "MambaForCausalLM"),
                        List.of("config.json", "MambaForCausalLM is not supported", "Qwen3ForCausalLM")),
                Arguments.of("smollm", edit("config.json", "\"architectures\"", "\"a\""), List.of("architectures")),
                Arguments.of(
                        "smollm",
                        edit("config.json", "\"hidden_size\": 32", "\"hidden_size\": \"x\""),
                        List.of("config.json", "hidden_size", "whole number")),
                Arguments.of(
                        "smollm",
                        edit("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1"),
                        List.of("model.safetensors", "model.layers.1.", "not part of LlamaForCausalLM with 1 layers")),
                Arguments.of(
                        "smollm",
                        edit("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"),
                        List.of("no tensor model.layers.2.")),
                Arguments.of(
                        "smollm",
                        edit("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 2000000000"),
                        List.of("num_hidden_layers", "more than")),
                Arguments.of(
                        "smollm",
                        edit("config.json", "\"vocab_size\": 390", "\"vocab_size\": 2000000000"),
                        List.of("vocab_size is 2000000000")),
                Arguments.of(
                        "llama3",
                        edit("config.json", "\"head_dim\": 16", "\"head_dim\": 2000000000"),
                        List.of("head_dim is 2000000000")),
                Arguments.of(
                        "smollm",
                        edit("config.json", "\"intermediate_size\": 64", "\"intermediate_size\": 63"),
                        List.of("mlp.", "[32, 64]", "[32, 63]")),
                Arguments.of(
                        "smollm",
                        edit("config.json", "\"num_attention_heads\": 4", "\"num_attention_heads\": 3"),
                        List.of("num_attention_heads 3", "num_key_value_heads 2")),
                Arguments.of(
                        "smollm",
                        edit("config.json", "\"vocab_size\": 390", "\"vocab_size\": 391"),
                        List.of("model.embed_tokens.weight", "391 tokens")),
                Arguments.of(
                        "smollm",
                        edit("config.json", "\"vocab_size\": 390", "\"vocab_size\": 300"),
                        List.of("tokenizer.json", "vocab_size is 300")),
                Arguments.of(
                        "smollm",
                        edit("config.json", "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"),
                        List.of("lm_head.weight", "tie_word_embeddings")),
                Arguments.of(
                        "smollm",
                        edit("config.json", "{", "{\"quantization_config\": {\"quant_method\": \"gptq\"},"),
                        List.of("already quantized (gptq)", "original checkpoint")),
                Arguments.of("smollm", header("\"F16\"", "\"I16\""), List.of("has dtype I16", "F32, F16 and BF16")),
                Arguments.of("smollm", delete("model.safetensors"), List.of("no model*.safetensors")),
                Arguments.of(
                        "smollm",
                        (Damage) in -> Files.move(in.resolve("model.safetensors"), in.resolve("pytorch_model.bin")),
                        List.of("pytorch_model.bin", "safe_serialization")),
                Arguments.of("smollm", delete("tokenizer.json"), List.of("no tokenizer.json", "save_pretrained")),
                Arguments.of(
                        "smollm",
                        edit("tokenizer.json", "\"individual_digits\": true", "\"individual_digits\": false"),
                        List.of("tokenizer.json", "\"type\": \"Digits\"", "--pre NAME")),
                Arguments.of(
                        "smollm",
                        edit("tokenizer.json", "\"type\": \"BPE\"", "\"type\": \"Unigram\""),
                        List.of("type Unigram")),
                Arguments.of(
                        "smollm",
                        edit("tokenizer.json", "\"normalizer\": null", "\"normalizer\": {\"type\": \"NFKC\"}"),
                        List.of("normalizer", "NFKC")),
                Arguments.of(
                        "smollm",
                        edit("tokenizer.json", "\"<think>\"", "\"tool call\""),
                        List.of("same text", "tool call")),
                Arguments.of(
                        "llama3",
                        delete("model-00002-of-00002.safetensors"),
                        List.of("model-00002-of-00002.safetensors: missing", "incomplete")),
                Arguments.of(
                        "llama3",
                        edit("model.safetensors.index.json", "model-00002", "../del-2"),
                        List.of("index.json", "not the name of a file")),
                Arguments.of(
                        "llama3",
                        edit("model.safetensors.index.json", "lm_head.weight", "lm_tail.weight"),
                        List.of("lm_tail.weight")),
                Arguments.of(
                        "llama3",
                        (Damage) in -> {
                            Files.delete(in.resolve("model.safetensors.index.json"));
                            Files.delete(in.resolve("model-00001-of-00002.safetensors"));
                        },
                        List.of("model-00001-of-00002.safetensors: missing", "one of 2 parts")),
                Arguments.of(
                        "llama3", edit("config.json", "\"llama3\"", "\"longrope\""), List.of("longrope", "supported")),
                Arguments.of(
                        "qwen2", edit("config.json", "\"factor\": 4.0", "\"factor\": null"), List.of("yarn", "factor")),
                Arguments.of(
                        "mistral",
                        (Damage) in -> Files.writeString(in.resolve("tokenizer.model"), "no model"),
                        List.of("tokenizer.model", "SentencePiece")),
                Arguments.of("tinyllama", edit("tokenizer.json", "▁", "_"), List.of("tokenizer.json", "▁")));
    }

    @ParameterizedTest(name = "[{index}] {0} {2}")
    @MethodSource("damages")
    void refusesAndLeavesNothing(String name, Damage damage, List<String> expected) throws IOException {
        Path checkpoint = Fixtures.copy(name, folder);
        damage.in(checkpoint);
        Path out = folder.resolve("out.gguf");
        Files.writeString(out, "what stood there before");

        assertThatThrownBy(() -> Converter.convert(checkpoint, out, OutType.AUTO, ProgressListener.NONE))
                .isInstanceOf(ConvertException.class)
                .hasMessageContaining(checkpoint.toString())
                .message()
                .contains(expected);

        assertThat(out).hasContent("what stood there before");
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder(name, "out.gguf");
    }

    @Test
    void refusesWhatIsNoFolder() {
        assertThatThrownBy(() -> convert(folder.resolve("none")))
                .isInstanceOf(ConvertException.class)
                .hasMessageContaining("does not exist");
        assertThatThrownBy(() -> convert(Files.writeString(folder.resolve("file"), "")))
                .isInstanceOf(ConvertException.class)
                .hasMessageContaining("not a folder");
        assertThatThrownBy(() ->
                        Converter.convert(Fixtures.checkpoint("smollm"), folder, OutType.F16, ProgressListener.NONE))
                .isInstanceOf(ConvertException.class)
                .hasMessageContaining("name the file to write");
    }

    @Test
    void takesANamedPreTokenizerAndRefusesAnUnknownOne() throws IOException {
        Path checkpoint = Fixtures.copy("smollm", folder);
        edit("tokenizer.json", "\"individual_digits\": true", "\"individual_digits\": false")
                .in(checkpoint);
        Path out = folder.resolve("out.gguf");

        Converter.convert(
                checkpoint, out, new ConvertOptions(OutType.F16, Optional.of("starcoder")), ProgressListener.NONE);

        try (var gguf = org.kvant.gguf.GgufFile.open(out)) {
            assertThat(gguf.metadata().string("tokenizer.ggml.pre")).isEqualTo("starcoder");
        }
        assertThatThrownBy(() -> Converter.convert(
                        checkpoint,
                        out,
                        new ConvertOptions(OutType.F16, Optional.of("nonsense")),
                        ProgressListener.NONE))
                .isInstanceOf(ConvertException.class)
                .hasMessageContaining("--pre nonsense")
                .hasMessageContaining("starcoder");
    }

    @Test
    void neverWritesOntoItsOwnInput() throws IOException {
        Path checkpoint = Fixtures.copy("smollm", folder);
        Path weights = checkpoint.resolve("model.safetensors");
        byte[] before = Files.readAllBytes(weights);
        assertThatThrownBy(() -> Converter.convert(checkpoint, weights, OutType.F16, ProgressListener.NONE))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("model.safetensors");
        assertThat(weights).hasBinaryContent(before);
        // A GGUF file beside the weights is the usual place.
        Path beside = checkpoint.resolve("out.gguf");
        Converter.convert(checkpoint, beside, OutType.F16, ProgressListener.NONE);
        Converter.convert(checkpoint, beside, OutType.F16, ProgressListener.NONE);
        assertThat(beside).isNotEmptyFile();
    }

    @Test
    void failureWhileWritingLeavesTheOldFile() throws IOException {
        Path out = Files.writeString(folder.resolve("out.gguf"), "what stood there before");
        ProgressListener failing = (what, done, total) -> {
            throw new UncheckedIOException(new IOException("stop"));
        };
        assertThatThrownBy(() -> Converter.convert(Fixtures.checkpoint("smollm"), out, OutType.F16, failing))
                .isInstanceOf(UncheckedIOException.class);
        assertThat(out).hasContent("what stood there before");
        assertThat(folder.toFile().list()).containsExactly("out.gguf");
    }

    private void convert(Path checkpoint) throws IOException {
        Converter.convert(checkpoint, folder.resolve("out.gguf"), OutType.F16, ProgressListener.NONE);
    }
}
