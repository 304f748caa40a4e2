package org.kvant.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.cli.JsonTree;
import org.kvant.cli.terminal.Terminal;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorSpec;
import org.kvant.gguf.WriteOptions;
import picocli.CommandLine;

class InspectCommandTest {
    private static final Terminal PLAIN = new Terminal(80, true, false);

    @TempDir
    Path folder;

    private record Result(int exit, String out, String err) {}

    private static Result inspect(Terminal terminal, Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] strings = new String[arguments.length];
        for (int i = 0; i < strings.length; i++) {
            strings[i] = arguments[i].toString();
        }
        int exit = new CommandLine(new InspectCommand(terminal))
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(strings);
        return new Result(exit, out.toString(), err.toString());
    }

    private static Metadata.Builder llama() {
        return Metadata.builder()
                .putString("general.architecture", "llama")
                .putString("general.name", "Tiny Llama")
                .putU32("general.file_type", 15)
                .putU32("llama.block_count", 3)
                .putU32("llama.embedding_length", 256)
                .putU32("llama.attention.head_count", 4);
    }

    private static List<TensorSpec> threeBlocks() {
        List<TensorSpec> tensors = new ArrayList<>();
        tensors.add(new TensorSpec("token_embd.weight", GgmlType.Q6_K, new long[] {256, 100}));
        for (int block = 0; block < 3; block++) {
            tensors.add(new TensorSpec("blk." + block + ".attn_norm.weight", GgmlType.F32, new long[] {256}));
            GgmlType type = block == 1 ? GgmlType.Q5_K : GgmlType.Q4_K;
            tensors.add(new TensorSpec("blk." + block + ".attn_q.weight", type, new long[] {256, 256}));
        }
        return tensors;
    }

    private Path write(Metadata metadata, List<TensorSpec> tensors, WriteOptions options) throws IOException {
        Path target = folder.resolve("m.gguf");
        try (GgufWriter writer = GgufWriter.create(target, metadata, tensors, options)) {
            for (TensorSpec tensor : tensors) {
                writer.write(tensor.name(), MemorySegment.ofArray(new byte[(int) tensor.bytes()]));
            }
            writer.commit();
            return writer.paths().getFirst();
        }
    }

    private Path write(Metadata.Builder metadata) throws IOException {
        return write(metadata.build(), List.of(), WriteOptions.SINGLE);
    }

    /** Lines without the one with the path, which is never cut. */
    private static List<String> lines(String out) {
        return out.lines().filter(line -> !line.startsWith("  file ")).toList();
    }

    @Test
    void aModelIsReadable() throws IOException {
        Path file = write(llama().build(), threeBlocks(), WriteOptions.SINGLE);
        Result result = inspect(PLAIN, file);
        assertThat(result.exit).isZero();
        assertThat(result.err).isEmpty();
        assertThat(result.out)
                .startsWith("Tiny Llama\n")
                .contains("file          " + file)
                .contains("architecture  llama\n")
                .contains("shape         3 blocks, 256 wide, 4 heads\n")
                .contains("parameters    223.0 k (222,976)\n")
                // 100 rows of Q6_K, 2 matrices of Q4_K, one of Q5_K, 3 norms of F32: 21,000 + 73,728 + 45,056 + 3,072
                // bytes.
                .contains("weights       5.13 bits each, Q4_K_M\n")
                .contains(String.format("(%,d bytes)", Files.size(file)));
        assertThat(lines(result.out))
                .containsSubsequence(
                        "Types (4)",
                        "  type  tensors  parameters  bits/w     bytes  share",
                        "  Q4_K        2     131.1 k    4.50  72.0 KiB   51.6% \u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u258e",
                        "Metadata (6)",
                        "  general.file_type           u32    15",
                        "Tensors (7)",
                        "  name                      shape    type  bits/w     bytes  tensors",
                        "  token_embd.weight         256x100  Q6_K    6.56  20.5 KiB        1",
                        "  blk.0-2.attn_norm.weight  256      F32    32.00   3.0 KiB        3",
                        "  blk.0,2.attn_q.weight     256x256  Q4_K    4.50  72.0 KiB        2",
                        "  blk.1.attn_q.weight       256x256  Q5_K    5.50  44.0 KiB        1",
                        "  (--tensors lists each)");
        assertThat(lines(inspect(PLAIN, file, "--tensors").out))
                .containsSubsequence(
                        "  name                    shape    type  bits/w     bytes",
                        "  blk.0.attn_q.weight     256x256  Q4_K    4.50  36.0 KiB",
                        "  blk.1.attn_q.weight     256x256  Q5_K    5.50  44.0 KiB");
    }

    @Test
    void aSplitModelIsOne() throws IOException {
        Path first = write(llama().build(), threeBlocks(), new WriteOptions(0, 3));
        assertThat(first).hasFileName("m-00001-of-00003.gguf");
        assertThat(inspect(PLAIN, first, "--tensors").out)
                .contains("parts         3\n")
                .contains("Tensors (7)\n")
                .contains("bytes  part\n")
                .contains("blk.2.attn_q.weight     256x256  Q4_K    4.50  36.0 KiB     3\n");
        Result later = inspect(PLAIN, folder.resolve("m-00002-of-00003.gguf"));
        assertThat(later.exit).isEqualTo(2);
        assertThat(later.err).contains("is part 2 of 3. Open " + first);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 40, 63, 80, 200})
    void noLineIsWiderThanTheTerminal(int width) throws IOException {
        Metadata metadata = strange().build();
        List<TensorSpec> tensors = new ArrayList<>(threeBlocks());
        tensors.add(new TensorSpec("n".repeat(63), GgmlType.F32, new long[] {3, 1, 2, 1}));
        Path file = write(metadata, tensors, WriteOptions.SINGLE);
        for (boolean unicode : new boolean[] {true, false}) {
            Terminal terminal = new Terminal(width, unicode, false);
            for (List<Object> arguments : List.of(List.<Object>of(file), List.<Object>of(file, "--tensors"))) {
                Result result = inspect(terminal, arguments.toArray());
                assertThat(result.exit).isZero();
                // A table of six columns cannot be narrower than this.
                int most = Math.max(width, 62);
                assertThat(lines(result.out))
                        .allSatisfy(line -> assertThat(Terminal.columnsOf(line)).isLessThanOrEqualTo(most));
                assertThat(result.out.chars().allMatch(c -> unicode || c < 0x7F))
                        .isTrue();
            }
        }
    }

    private static Metadata.Builder strange() {
        List<String> vocabulary = new ArrayList<>();
        for (int i = 0; i < 100_000; i++) {
            vocabulary.add(i % 7 == 0 ? "\u0120tok\u001b[2J" + i : "\u6a21" + i);
        }
        return llama().putString(
                        "general.name",
                        "\u001b]0;owned\u0007\u001b[31mred\r\nsecond line\u202Eevil \u6a21\u578b\ud83d\ude00")
                .putStrings("tokenizer.ggml.tokens", vocabulary)
                .putF32s("tokenizer.ggml.scores", Float.NaN, Float.NEGATIVE_INFINITY, -0f)
                .putString("tokenizer.chat_template", "{% for m in messages %}\n\t".repeat(500))
                .put("raw", MetaValue.Str.ofBytes(new byte[] {(byte) 0xC3, 0x28, 0, 27}))
                .put("u64", new MetaValue.U64(-1))
                .put("empty", MetaArray.ofI32s())
                .put("long.one", MetaArray.ofStrings(List.of("x".repeat(5_000))))
                .putBool("k\u001b[1m" + "e".repeat(300), true);
    }

    @Test
    void controlCharactersDoNotReachTheTerminal() throws IOException {
        String out = inspect(PLAIN, write(strange())).out;
        assertThat(out)
                .startsWith(
                        "\\u001B]0;owned\\u0007\\u001B[31mred\\r\\nsecond line\\u202Eevil \u6a21\u578b\ud83d\ude00\n")
                .contains("of 100,000]")
                .contains("(12,500 characters)")
                .contains("[NaN, -Infinity, -0.0]")
                .contains("18446744073709551615")
                .contains("\ufffd(\\u0000\\u001B")
                .contains("[\"xxx")
                .contains("\u2026, \u2026 of 1]");
        assertThat(out.chars().filter(c -> c < 32 && c != '\n')).isEmpty();
        assertThat(out).doesNotContain("\u202E");
    }

    @Test
    void escapeSequencesAreForTerminalsOnly() throws IOException {
        Path file = write(llama());
        assertThat(inspect(PLAIN, file).out).doesNotContain("\u001b");
        assertThat(inspect(new Terminal(80, true, true), file).out)
                .startsWith("\u001b[1mTiny Llama\u001b[0m\n")
                .contains("\u001b[1mMetadata (6)\u001b[0m\n");
        assertThat(inspect(new Terminal(80, true, true), file, "--json").out).doesNotContain("\u001b");
    }

    @Test
    void filesWithoutTensorsOrMetadataAreShown() throws IOException {
        Result result = inspect(PLAIN, write(Metadata.builder()));
        assertThat(result.exit).isZero();
        assertThat(result.out)
                .startsWith("(no general.name)\n")
                .contains("(no general.architecture)")
                .contains("parameters    0 (0)")
                .contains("Metadata (0)")
                .endsWith("Tensors (0)\n")
                .doesNotContain("bits each", "NaN");
        assertThat(inspect(PLAIN, write(Metadata.builder().putU32("general.name", 7))).out)
                .startsWith("(no general.name)\n")
                .contains("general.name  u32    7");
    }

    @Test
    void jsonHoldsEverything() throws IOException {
        List<TensorSpec> tensors = threeBlocks();
        Path file = write(strange().build(), tensors, WriteOptions.SINGLE);
        Result result = inspect(PLAIN, file, "--json");
        assertThat(result.exit).isZero();
        Map<String, Object> json = JsonTree.object(result.out);
        assertThat(json)
                .containsEntry("file", file.toString())
                .containsEntry("version", 3)
                .containsEntry("architecture", "llama")
                .containsEntry("size_bytes", (int) Files.size(file))
                .containsEntry("parameters", 222_976)
                .containsEntry("bits_per_weight", 8 * 142_856 / 222_976.0);
        Map<?, ?> metadata = (Map<?, ?>) Objects.requireNonNull(json.get("metadata"));
        assertThat(metadata.keySet().stream().map(Object::toString))
                .containsExactlyElementsOf(strange().build().keys());
        assertThat(metadata.get("general.name"))
                .isEqualTo(Map.of("type", "str", "value", strange().build().string("general.name")));
        Map<?, ?> tokens = (Map<?, ?>) Objects.requireNonNull(metadata.get("tokenizer.ggml.tokens"));
        assertThat(tokens.get("element_type")).isEqualTo("str");
        assertThat(tokens.get("value")).isEqualTo(strange().build().strings("tokenizer.ggml.tokens"));
        assertThat(metadata.get("tokenizer.ggml.scores"))
                .isEqualTo(Map.of("type", "arr", "element_type", "f32", "value", List.of("NaN", "-Infinity", -0.0)));
        assertThat(metadata.get("u64"))
                .isEqualTo(Map.of("type", "u64", "value", new BigInteger("18446744073709551615")));
        assertThat(metadata.get("raw"))
                .isEqualTo(Map.of(
                        "type", "str",
                        "value", "\ufffd(\0\u001b",
                        "base64", Base64.getEncoder().encodeToString(new byte[] {(byte) 0xC3, 0x28, 0, 27})));
        List<?> listed = (List<?>) Objects.requireNonNull(json.get("tensors"));
        assertThat(listed).hasSameSizeAs(tensors);
        assertThat(((Map<?, ?>) listed.get(2)).get("shape")).isEqualTo(List.of(256, 256));
        assertThat(((Map<?, ?>) listed.get(2)).get("type")).isEqualTo("Q4_K");
        assertThat(((Map<?, ?>) listed.get(2)).get("bytes")).isEqualTo(36_864);

        Result ascii = inspect(new Terminal(80, false, false), file, "--json");
        assertThat(ascii.out.chars().allMatch(c -> c < 0x7F)).isTrue();
        assertThat(JsonTree.object(ascii.out)).isEqualTo(json);
    }

    @Test
    void badFilesGiveOneLineAndExitCode2() throws IOException {
        Path bad = Files.writeString(folder.resolve("bad.gguf"), "GGUF and then some \u001b[31m nonsense");
        Path cut = write(llama().build(), threeBlocks(), WriteOptions.SINGLE);
        Files.write(cut, Arrays.copyOf(Files.readAllBytes(cut), 5_000));
        for (Path path : List.of(bad, cut, folder, folder.resolve("none.gguf"))) {
            for (String option : List.of("--json", "--tensors")) {
                Result result = inspect(PLAIN, path, option);
                assertThat(result.exit).isEqualTo(2);
                assertThat(result.out).isEmpty();
                assertThat(result.err.lines()).hasSize(1);
                assertThat(result.err).startsWith("kvant inspect: " + path);
            }
        }
        assertThat(inspect(PLAIN).exit).isEqualTo(2);
    }
}
