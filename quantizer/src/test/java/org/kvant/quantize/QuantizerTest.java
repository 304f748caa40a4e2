package org.kvant.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.gguf.WriteOptions;
import org.kvant.round.RoundingOptions;

class QuantizerTest {
    private static final SyntheticModel MODEL = SyntheticModel.of("dense-256");

    @TempDir
    Path folder;

    private Path input = Path.of("");
    private Path output = Path.of("");

    @BeforeEach
    void writeModel() throws IOException {
        input = MODEL.write(folder.resolve("in.gguf"));
        output = folder.resolve("out.gguf");
    }

    private QuantizeOptions options(Preset preset) {
        return QuantizeOptions.builder(input, output, preset).threads(2).build();
    }

    private void assertRefused(QuantizeOptions options, String... messages) throws IOException {
        List<Path> before = files();
        assertThatThrownBy(() -> Quantizer.run(options, ProgressListener.NONE))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(messages);
        assertThat(files()).as("nothing is left behind").isEqualTo(before);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    /** Overwrites one value of a tensor of the input. */
    private void poison(String name, long index, byte... bytes) throws IOException {
        long at;
        try (GgufFile file = GgufFile.open(input)) {
            TensorInfo tensor = file.tensor(name).orElseThrow();
            at = file.fileOffset(tensor) + index * tensor.type().typeSize();
        }
        try (RandomAccessFile file = new RandomAccessFile(input.toFile(), "rw")) {
            file.seek(at);
            file.write(bytes);
        }
    }

    @Test
    void notANumberIsNamedByTensorRowAndColumn() throws IOException {
        poison("blk.4.ffn_down.weight", 5 * 512 + 77, (byte) 0, (byte) 0x7e);
        for (Preset preset : List.of(Preset.Q4_K_M, Preset.Q4_0, Preset.F32, Preset.F16)) {
            assertRefused(
                    options(preset),
                    input.toString(),
                    "tensor blk.4.ffn_down.weight, row 5, column 77 is NaN",
                    "damaged");
        }
    }

    @Test
    void infinityInATensorThatIsCopiedIsNamedToo() throws IOException {
        poison("blk.0.attn_norm.weight", 3, (byte) 0, (byte) 0, (byte) 0x80, (byte) 0xff);
        assertRefused(options(Preset.Q8_0), "tensor blk.0.attn_norm.weight, row 0, column 3 is -Infinity");
    }

    @Test
    void aWeightTooLargeForTheTypeIsNamed() throws IOException {
        SyntheticModel f32 = SyntheticModel.of("f32-qwen2-256");
        f32.write(input);
        poison("blk.1.ffn_up.weight", 7 * 256 + 9, (byte) 0, (byte) 0, (byte) 0x80, (byte) 0x7e); // 8.5e37
        assertRefused(options(Preset.F16), "tensor blk.1.ffn_up.weight, row 7, column 9", "too large for F16");
        assertRefused(options(Preset.Q4_K_S), "tensor blk.1.ffn_up.weight, row 7, columns 0 to 255", "too large");
    }

    @Test
    void quantizedModelsAreNotQuantizedAgainUnlessInsisted() throws IOException {
        Quantizer.run(options(Preset.Q8_0), ProgressListener.NONE);
        Path again = folder.resolve("again.gguf");
        QuantizeOptions options = QuantizeOptions.of(output, again, Preset.Q4_0);
        assertRefused(options, "is quantized already (Q8_0)", "--allow-requantize");
        assertThat(Quantizer.plan(options).obstacles()).hasSize(1);
        Quantizer.run(options.toBuilder().allowRequantize(true).build(), ProgressListener.NONE);
        try (GgufFile file = GgufFile.open(again)) {
            assertThat(file.tensor("blk.0.attn_q.weight").orElseThrow().type()).isEqualTo(GgmlType.Q4_0);
        }
    }

    @Test
    void theSameTypeIsCopiedEvenIfQuantized() throws IOException {
        Quantizer.run(options(Preset.Q8_0), ProgressListener.NONE);
        Path again = folder.resolve("again.gguf");
        QuantizePlan plan = Quantizer.run(QuantizeOptions.of(output, again, Preset.Q8_0), ProgressListener.NONE)
                .plan();
        assertThat(plan.tensors()).allMatch(PlannedTensor::copied);
        assertThat(again).hasSameBinaryContentAs(output);
    }

    @Test
    void theInputIsNeverOverwritten() throws IOException {
        assertRefused(QuantizeOptions.of(input, input, Preset.Q4_0), "is an input");
        Path link = Files.createSymbolicLink(folder.resolve("link.gguf"), input);
        assertRefused(QuantizeOptions.of(input, link, Preset.Q4_0), "is an input");
        Path imatrix = MODEL.writeImatrix(folder.resolve("imatrix"));
        assertRefused(
                QuantizeOptions.builder(input, imatrix, Preset.Q4_0)
                        .imatrix(imatrix)
                        .build(),
                "is an input");
    }

    @Test
    void whatIsNotThereOrNotAModelIsRefused() throws IOException {
        assertRefused(QuantizeOptions.of(folder.resolve("no.gguf"), output, Preset.Q4_0), "no.gguf");
        assertRefused(QuantizeOptions.of(folder, output, Preset.Q4_0), "folder");
        assertRefused(QuantizeOptions.of(input, folder.resolve("no/out.gguf"), Preset.Q4_0), "does not exist", "no");
        Path text = Files.writeString(folder.resolve("text.gguf"), "not a model");
        assertRefused(QuantizeOptions.of(text, output, Preset.Q4_0), "text.gguf");
        assertRefused(options(Preset.Q4_0).toBuilder().imatrix(text).build(), "text.gguf", "not an importance matrix");
    }

    @Test
    void anInterruptLeavesNothingBehind() throws IOException {
        assertThatThrownBy(() -> Quantizer.run(
                        options(Preset.Q4_K_M),
                        (what, done, total) -> Thread.currentThread().interrupt()))
                .isInstanceOf(IOException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(files()).containsExactly(input);
    }

    @Test
    void aFailingListenerLeavesNothingBehind() throws IOException {
        IllegalStateException thrown = new IllegalStateException("listener");
        assertThatThrownBy(() -> Quantizer.run(options(Preset.Q4_K_M), (what, done, total) -> {
                    throw thrown;
                }))
                .isSameAs(thrown);
        assertThat(files()).containsExactly(input);
    }

    @Test
    void aFileThatShrinksMeanwhileIsAnError() throws IOException {
        try (GgufFile file = GgufFile.open(input)) {
            TensorInfo last = file.tensors().getLast();
            try (RowReader reader = new RowReader(file);
                    Arena arena = Arena.ofConfined()) {
                assertThat(reader.map(last, 0, last.bytes(), arena).byteSize()).isEqualTo(last.bytes());
                try (RandomAccessFile shortened = new RandomAccessFile(input.toFile(), "rw")) {
                    shortened.setLength(file.fileOffset(last) + 5);
                }
                assertThatThrownBy(() -> reader.map(last, 0, last.bytes(), arena))
                        .isInstanceOf(QuantizeException.class)
                        .hasMessageContaining("ends inside tensor " + last.name());
            }
        }
        assertRefused(options(Preset.Q4_0), input.toString());
    }

    @Test
    void progressRisesToTheWhole() throws IOException {
        List<Long> steps = new ArrayList<>();
        QuantizeResult result = Quantizer.run(options(Preset.Q4_K_M), (what, done, total) -> {
            assertThat(total).isEqualTo(expectedTotal());
            steps.add(done);
        });
        assertThat(steps).isSorted().last().isEqualTo(result.plan().sourceBytes());
    }

    private long expectedTotal() {
        return MODEL.tensors().stream().mapToLong(t -> t.bytes()).sum();
    }

    @Test
    void theResultDependsOnNeitherThreadsNorSplitting() throws IOException {
        Quantizer.run(options(Preset.Q4_K_M).toBuilder().threads(1).build(), ProgressListener.NONE);
        String digest = Digests.ofTensors(output);
        Quantizer.run(options(Preset.Q4_K_M).toBuilder().threads(5).build(), ProgressListener.NONE);
        assertThat(Digests.ofTensors(output)).isEqualTo(digest);

        Path parts = folder.resolve("parts.gguf");
        List<Path> split = MODEL.write(parts, new WriteOptions(0, 30));
        assertThat(split).hasSizeGreaterThan(2);
        QuantizeOptions merging = QuantizeOptions.of(split.getFirst(), output, Preset.Q4_K_M);
        Quantizer.run(merging, ProgressListener.NONE);
        assertThat(Digests.ofTensors(output)).isEqualTo(digest);
        try (GgufFile merged = GgufFile.open(output)) {
            assertThat(merged.metadata().keys()).noneMatch(key -> key.startsWith("split."));
        }

        QuantizeResult kept = Quantizer.run(
                QuantizeOptions.builder(split.getFirst(), folder.resolve("kept.gguf"), Preset.Q4_K_M)
                        .split(QuantizeOptions.Split.KEEP)
                        .build(),
                ProgressListener.NONE);
        assertThat(kept.outputs()).hasSameSizeAs(split);
        assertThat(kept.outputs().getFirst().getFileName().toString()).startsWith("kept-00001-of-0000");
        try (GgufFile source = GgufFile.open(split.getFirst());
                GgufFile quantized = GgufFile.open(kept.outputs().getFirst())) {
            assertThat(quantized.tensors().stream().map(TensorInfo::name))
                    .containsExactlyElementsOf(
                            source.tensors().stream().map(TensorInfo::name).toList());
            for (TensorInfo tensor : source.tensors()) {
                assertThat(quantized.tensor(tensor.name()).orElseThrow().part()).isEqualTo(tensor.part());
            }
        }

        QuantizeResult cut = Quantizer.run(
                options(Preset.Q4_K_M).toBuilder()
                        .split(new QuantizeOptions.Split(false, 0, 40))
                        .build(),
                ProgressListener.NONE);
        assertThat(cut.outputs()).hasSize((MODEL.tensors().size() + 39) / 40);
        assertThat(Digests.ofTensors(cut.outputs().getFirst())).isEqualTo(digest);
    }

    @Test
    void metadataIsTheInputsWithWhatLlamaQuantizeChanges() throws IOException {
        Path imatrix = MODEL.writeImatrix(folder.resolve("imatrix.gguf"));
        QuantizeOptions options = options(Preset.Q5_K_S).toBuilder()
                .imatrix(imatrix)
                .excludeWeights(List.of("ffn_up"))
                .overrides(List.of(KvOverride.parse("general.name=str:Other"), KvOverride.parse("x.y=int:3")))
                .build();
        Quantizer.run(options, ProgressListener.NONE);
        try (GgufFile file = GgufFile.open(output)) {
            Metadata metadata = file.metadata();
            assertThat(metadata.integer("general.file_type")).isEqualTo(16);
            assertThat(metadata.integer("general.quantization_version")).isEqualTo(2);
            assertThat(metadata.string("general.name")).isEqualTo("Other");
            assertThat(metadata.integer("x.y")).isEqualTo(3);
            String path = imatrix.toString();
            assertThat(metadata.string("quantize.imatrix.file"))
                    .isEqualTo(path.substring(0, Math.min(127, path.length())));
            assertThat(metadata.string("quantize.imatrix.dataset")).isEqualTo("text.txt");
            assertThat(metadata.integer("quantize.imatrix.chunks_count")).isEqualTo(7);
            int matrices = 7 * 9 + 1;
            assertThat(metadata.integer("quantize.imatrix.entries_count")).isEqualTo(matrices - 9);
            List<String> keys = List.copyOf(metadata.keys());
            assertThat(keys.subList(keys.size() - 8, keys.size()))
                    .containsExactly(
                            "general.quantization_version",
                            "general.file_type",
                            "general.name",
                            "x.y",
                            "quantize.imatrix.file",
                            "quantize.imatrix.dataset",
                            "quantize.imatrix.entries_count",
                            "quantize.imatrix.chunks_count");
        }
    }

    @Test
    void planningWritesNothingAndSaysWhatIsOdd() throws IOException {
        SyntheticModel.of("tied-gemma-288").write(input);
        List<Path> before = files();
        QuantizePlan plan = Quantizer.plan(options(Preset.Q2_K_S).toBuilder()
                .types(new QuantizeOptions.Types(
                        Preset.Q2_K_S, false, false, null, null, List.of(TensorTypeRule.parse("nothing_like_it=q8_0"))))
                .build());
        assertThat(files()).isEqualTo(before);
        assertThat(plan.notes())
                .anyMatch(note -> note.contains("do not divide"))
                .anyMatch(note -> note.contains("nothing_like_it"));
        assertThat(plan.bytes()).isLessThan(plan.sourceBytes() / 3);
        assertThat(plan.bitsPerWeight()).isBetween(4.0, 6.0);
        assertThat(plan.sourceBitsPerWeight()).isBetween(16.0, 16.2);
    }

    @Test
    void typesWithoutASearchAreRoundedFirst() throws IOException {
        List<PlannedTensor> tensors = Quantizer.plan(options(Preset.Q4_0)).tensors();
        List<GgmlType> unweighted = new RoundToNearest(null)
                .order(tensors).stream().map(i -> tensors.get(i).type()).toList();
        assertThat(unweighted).hasSameSizeAs(tensors).last().isEqualTo(GgmlType.Q6_K);
        assertThat(unweighted.subList(0, tensors.size() - 1)).doesNotContain(GgmlType.Q6_K);
        Imatrix imatrix = Imatrix.read(MODEL.writeImatrix(folder.resolve("imatrix")));
        assertThat(new RoundToNearest(imatrix).order(tensors)).isSorted().hasSameSizeAs(tensors);
    }

    @Test
    void typesThatCannotBeWrittenAreRefused() throws IOException {
        QuantizeOptions.Types types = new QuantizeOptions.Types(
                Preset.Q4_K_M, false, false, null, null, List.of(TensorTypeRule.parse("attn_q=q8_k")));
        assertRefused(
                options(Preset.Q4_K_M).toBuilder().types(types).build(),
                "blk.0.attn_q.weight",
                "Q8_K is not supported");
    }

    @Test
    void optionsSurviveTheirBuilder() {
        QuantizeOptions all = QuantizeOptions.builder(input, output, Preset.Q4_0)
                .types(new QuantizeOptions.Types(Preset.Q5_0, true, true, GgmlType.F16, GgmlType.Q8_0, List.of()))
                .imatrix(Path.of("imatrix"))
                .excludeWeights(List.of("ffn_up"))
                .allowRequantize(true)
                .overrides(List.of(KvOverride.parse("x.y=int:3")))
                .split(QuantizeOptions.Split.KEEP)
                .threads(7)
                .statistics(Path.of("statistics"))
                .activations(Activations.QUANTIZED)
                .assignment(new Assignment(Map.of(), Map.of(), RoundingOptions.DEFAULT, null, false))
                .build();
        assertThat(all.toBuilder().build()).isEqualTo(all);
        QuantizeOptions including = QuantizeOptions.builder(input, output, Preset.Q4_0)
                .includeWeights(List.of("ffn_up"))
                .build();
        assertThat(including.toBuilder().build()).isEqualTo(including);
        assertThat(all).hasNoNullFieldsOrProperties();
    }

    @Test
    void nonsenseInOptionsIsRefused() {
        assertThatThrownBy(() -> options(Preset.Q4_0).toBuilder().threads(0).build())
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> options(Preset.Q4_0).toBuilder()
                        .imatrix(null)
                        .includeWeights(List.of("a"))
                        .excludeWeights(List.of("b"))
                        .build())
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Quantizer.run(
                        options(Preset.Q4_0).toBuilder().imatrix(input).build(), ProgressListener.NONE))
                .isInstanceOf(QuantizeException.class)
                .hasMessageContaining("is not an importance matrix");
        assertThatThrownBy(() -> GgufFile.open(output)).isInstanceOf(GgufException.class);
    }
}
