package org.kvant.allocate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.calibrate.CalibrateException;
import org.kvant.calibrate.CalibrateOptions;
import org.kvant.calibrate.Calibrator;
import org.kvant.calibrate.MomentSource;
import org.kvant.calibrate.PlainMoments;
import org.kvant.calibrate.Statistics;
import org.kvant.calibrate.TextSource;
import org.kvant.evaluate.DemoModels;
import org.kvant.evaluate.KldProbe;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.gguf.TensorSpec;
import org.kvant.llama.TinyModel;
import org.kvant.quantize.Activations;
import org.kvant.quantize.Assignment;
import org.kvant.quantize.Imatrix;
import org.kvant.quantize.Preset;
import org.kvant.quantize.QuantizeException;
import org.kvant.quantize.QuantizeOptions;
import org.kvant.quantize.Quantizer;
import org.kvant.round.RoundingOptions;

/** Statistics without gradients, diagonals only and full, do what they can where those with gradients can't be had. */
class PlainMomentsTest {
    private static final RoundingOptions ROUNDING = RoundingOptions.DEFAULT.withSweeps(1);
    private static final List<GgmlType> CANDIDATES =
            List.of(GgmlType.Q2_K, GgmlType.Q3_K, GgmlType.Q4_K, GgmlType.Q6_K, GgmlType.IQ2_XXS);

    @TempDir
    static Path shared;

    private static Path diagonals = Path.of("");
    private static Path full = Path.of("");

    @TempDir
    Path folder;

    @BeforeAll
    static void calibrate() throws IOException {
        diagonals = calibrate(DemoStatistics.model(), "diagonals.gguf", false);
        full = calibrate(DemoStatistics.model(), "full.gguf", true);
    }

    private static Path calibrate(Path model, String name, boolean moments) throws IOException {
        Path output = shared.resolve(name);
        CalibrateOptions options = CalibrateOptions.of(
                        model, output, new TextSource.Texts(List.of(DemoStatistics.STORIES)))
                .withChunks(16, 128)
                .withThreads(1)
                .withFull(moments, CalibrateOptions.DEFAULT_MEMORY_BYTES);
        Calibrator.run(options, ProgressListener.NONE, () -> false, note -> {});
        return output;
    }

    private QuantizeOptions.Builder options(String name) {
        return QuantizeOptions.builder(DemoStatistics.model(), folder.resolve(name), Preset.COPY)
                .threads(2);
    }

    private static Assignment threeBits() throws IOException {
        Map<String, GgmlType> types = new java.util.TreeMap<>();
        try (GgufFile model = GgufFile.open(DemoStatistics.model())) {
            for (TensorInfo tensor : model.tensors()) {
                if (tensor.shape().length == 2 && tensor.columns() % 256 == 0) {
                    types.put(tensor.name(), GgmlType.Q3_K);
                }
            }
        }
        return new Assignment(types, Map.of(), ROUNDING, null, false);
    }

    private static double divergence(Path candidate) throws IOException {
        Path scratch = java.util.Objects.requireNonNull(candidate.getParent());
        try (KldProbe probe =
                KldProbe.open(DemoStatistics.model(), List.of(DemoStatistics.STORIES), 8, 256, 2, scratch)) {
            return probe.evaluate(candidate).meanDivergence();
        }
    }

    private double divergence(String name, @Nullable Path statistics, @Nullable Path imatrix) throws IOException {
        QuantizeOptions options = options(name)
                .statistics(statistics)
                .imatrix(imatrix)
                .assignment(threeBits())
                .build();
        Quantizer.run(options, ProgressListener.NONE);
        return divergence(options.output());
    }

    /** The same types by the same text's statistics: as llama-quantize uses them, and as they are used here. */
    @Test
    void roundingIsBetterThanByImportance() throws IOException {
        double weighted = divergence("weighted.gguf", null, diagonals);
        double diagonal = divergence("diagonal.gguf", diagonals, null);
        double moments = divergence("moments.gguf", full, null);
        System.out.printf("importance %.4f, diagonals %.4f, full moments %.4f%n", weighted, diagonal, moments);
        assertThat(diagonal).isLessThan(weighted);
        assertThat(moments).isLessThan(0.8 * weighted);
        try (GgufFile file = GgufFile.open(folder.resolve("moments.gguf"))) {
            assertThat(file.tensors()).hasSizeGreaterThan(threeBits().types().size());
            for (TensorInfo tensor : file.tensors()) {
                assertThat(tensor.type()).isEqualTo(threeBits().types().getOrDefault(tensor.name(), GgmlType.F32));
            }
        }
    }

    /** What llama-imatrix would write: the sums of squares and their counts, and no word about the model. */
    private static Path imatrix(Path statistics, Path copy) throws IOException {
        try (GgufFile file = GgufFile.open(statistics)) {
            Metadata metadata = Metadata.builder()
                    .putString("general.type", "imatrix")
                    .putStrings("imatrix.datasets", List.of("stories.txt"))
                    .putU32("imatrix.chunk_count", 16)
                    .putU32("imatrix.chunk_size", 128)
                    .build();
            List<TensorInfo> kept = file.tensors().stream()
                    .filter(t -> t.name().endsWith(".in_sum2") || t.name().endsWith(".counts"))
                    .toList();
            List<TensorSpec> specs = kept.stream().map(TensorInfo::spec).toList();
            try (GgufWriter writer = GgufWriter.create(copy, metadata, specs)) {
                for (TensorInfo tensor : kept) {
                    writer.write(tensor.name(), file.data(tensor));
                }
                writer.commit();
            }
        }
        return copy;
    }

    @Test
    void anImportanceMatrixIsTakenAsDiagonals() throws IOException {
        Path imatrix = imatrix(diagonals, folder.resolve("imatrix.gguf"));
        double weighted = divergence("weighted.gguf", null, imatrix);
        double fitted = divergence("fitted.gguf", imatrix, null);
        System.out.printf("as importance %.4f, as statistics %.4f%n", weighted, fitted);
        assertThat(fitted).isCloseTo(weighted, within(0.02 * weighted));
        QuantizeOptions options = options("sized.gguf").statistics(imatrix).build();
        AllocateResult result = allocate(options, new Budget(null, 3.5, null, null), List.of());
        assertThat(result.allocation().bitsPerWeight()).isBetween(3.4, 3.5);
        assertThat(result.allocation().types().values().stream().distinct()).hasSizeGreaterThan(1);
    }

    @Test
    void importanceMatricesOfOtherModelsAreRefused() throws IOException {
        Path imatrix = imatrix(diagonals, folder.resolve("imatrix.gguf"));
        Path tiny = TinyModel.qwen2().write(folder.resolve("tiny.gguf"));
        Path output = folder.resolve("other.gguf");
        QuantizeOptions wrong = QuantizeOptions.builder(tiny, output, Preset.Q4_0)
                .statistics(imatrix)
                .build();
        assertThatThrownBy(() -> Quantizer.run(wrong, ProgressListener.NONE))
                .isInstanceOf(QuantizeException.class)
                .hasMessageContaining("imatrix.gguf")
                .hasMessageContaining("another model");
        Path shallow = folder.resolve("shallow.gguf");
        DemoModels.shallow(DemoStatistics.model(), shallow, 1);
        QuantizeOptions fewer = QuantizeOptions.builder(shallow, output, Preset.Q4_0)
                .statistics(imatrix)
                .build();
        assertThatThrownBy(() -> Quantizer.plan(fewer))
                .isInstanceOf(QuantizeException.class)
                .hasMessageContaining("blk.1.")
                .hasMessageContaining("another model");
        assertThat(output).doesNotExist();
    }

    @Test
    void anImportanceMatrixIsIdentifiedByWhatItCovers() throws IOException {
        Path one = imatrix(diagonals, folder.resolve("one.gguf"));
        Path two = Files.copy(one, folder.resolve("two.gguf"));
        Imatrix all = Imatrix.read(one);
        assertThat(Imatrix.read(two).identity()).isEqualTo(all.identity());
        String first = all.including(List.of("blk.0.")).identity();
        String second = all.including(List.of("blk.1.")).identity();
        assertThat(all.including(List.of("blk.0.")).size())
                .isEqualTo(all.including(List.of("blk.1.")).size());
        assertThat(List.of(first, second)).doesNotHaveDuplicates().doesNotContain(all.identity());
        byte[] bytes = Files.readAllBytes(two);
        try (GgufFile file = GgufFile.open(two)) {
            TensorInfo sums = file.tensor("blk.0.attn_q.weight.in_sum2").orElseThrow();
            bytes[Math.toIntExact(file.fileOffset(sums)) + 1] ^= 1;
        }
        Files.write(two, bytes);
        assertThat(Imatrix.read(two).identity()).isNotEqualTo(all.identity());
    }

    private AllocateResult allocate(QuantizeOptions options, Budget budget, List<Path> texts) throws IOException {
        AllocateRequest request = new AllocateRequest(budget, CANDIDATES, List.of(), ROUNDING, texts, 2, true, null);
        try (AllocatedQuantizer quantizer =
                AllocatedQuantizer.open(options, request, folder.resolve("work"), ProgressListener.NONE)) {
            return quantizer.run();
        }
    }

    @Test
    void sizesAreKeptWithBoth() throws IOException {
        for (Path statistics : List.of(diagonals, full)) {
            String name = "sized-" + statistics.getFileName();
            AllocateResult result = allocate(
                    options(name).statistics(statistics).build(), new Budget(null, 3.5, null, null), List.of());
            assertThat(result.allocation().divergence()).isFalse();
            assertThat(result.allocation().bitsPerWeight()).isBetween(3.4, 3.5);
            assertThat(result.allocation().types().values().stream().distinct()).hasSizeGreaterThan(1);
            assertThat(divergence(folder.resolve(name))).isLessThan(1);
        }
    }

    @Test
    void aDivergenceIsFoundByMeasuringOnText() throws IOException {
        QuantizeOptions options = options("wanted.gguf").statistics(diagonals).build();
        Budget budget = new Budget(null, null, 0.2, null);
        assertThatThrownBy(() -> allocate(options, budget, List.of()))
                .isInstanceOf(AllocateException.class)
                .hasMessageContaining("diagonals.gguf")
                .hasMessageContaining("--text");
        AllocateResult result = allocate(options, budget, List.of(DemoStatistics.STORIES));
        assertThat(java.util.Objects.requireNonNull(result.measured())).isBetween(0.1, 0.2);
    }

    @Test
    void roundingLayerAfterLayerIsRefused() throws IOException {
        for (Path statistics : List.of(diagonals, full)) {
            QuantizeOptions options = options("sequential.gguf")
                    .statistics(statistics)
                    .activations(Activations.QUANTIZED)
                    .assignment(threeBits())
                    .build();
            for (Work work : List.<Work>of(
                    () -> Quantizer.run(options, ProgressListener.NONE),
                    () -> Quantizer.plan(options),
                    () -> allocate(options, new Budget(null, 4.0, null, null), List.of()))) {
                assertThatThrownBy(work::run)
                        .isInstanceOf(QuantizeException.class)
                        .hasMessageContaining(statistics.toString())
                        .hasMessageContaining("--activations")
                        .hasMessageContaining("--gradient");
            }
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void anotherModelsAndDamagedOnesAreRefused() throws IOException {
        QuantizeOptions other =
                options("other.gguf").statistics(full).assignment(threeBits()).build();
        Path tiny = TinyModel.qwen2().write(folder.resolve("tiny.gguf"));
        QuantizeOptions wrong = QuantizeOptions.builder(tiny, other.output(), Preset.Q4_0)
                .statistics(full)
                .build();
        assertThatThrownBy(() -> Quantizer.plan(wrong))
                .isInstanceOf(CalibrateException.class)
                .hasMessageContaining("another model")
                .hasMessageContaining("full.gguf");
        byte[] bytes = Files.readAllBytes(full);
        try (GgufFile file = GgufFile.open(full)) {
            TensorInfo moment = file.tensor("blk.1.ffn_down.weight.moment").orElseThrow();
            // Off the diagonal, the lowest bit: nothing but the checksum tells.
            bytes[Math.toIntExact(file.fileOffset(moment)) + 400] ^= 1;
        }
        Path damaged = Files.write(folder.resolve("damaged.gguf"), bytes);
        assertThatThrownBy(() ->
                        Quantizer.run(other.toBuilder().statistics(damaged).build(), ProgressListener.NONE))
                .isInstanceOf(CalibrateException.class)
                .hasMessageContaining("damaged.gguf")
                .hasMessageContaining("blk.1.ffn_down.weight.moment")
                .hasMessageContaining("calibrate again");
        assertThat(other.output()).doesNotExist();
    }

    /** Both kinds agree: position 0 counts 16 times, but not more than 4 times what all others do. */
    @Test
    void positionZeroHasAWeightOfItsOwn() throws IOException {
        try (MomentSource plain = PlainMoments.open(diagonals);
                MomentSource moments = PlainMoments.open(full);
                Statistics sums = Statistics.open(diagonals)) {
            assertThat(moments.weights()).isEqualTo(plain.weights()).contains("token_embd.weight");
            for (String weight : moments.weights()) {
                float[] all = sums.diagonal(weight);
                float[] first = sums.sinkDiagonal(weight);
                double sink = IntStream.range(0, all.length)
                        .mapToDouble(i -> first[i])
                        .sum();
                double body =
                        IntStream.range(0, all.length).mapToDouble(i -> all[i]).sum() - sink;
                double factor = Math.min(16, 4 * body / sink);
                int n = moments.columns(weight);
                float[] square = moments.moment(weight, 0);
                float[] diagonal = plain.moment(weight, 0);
                for (int i = 0; i < n; i++) {
                    double expected = (all[i] - first[i] + factor * first[i]) / sums.counts(weight)[0];
                    double tolerance = 1e-3 * (body + factor * sink) / n / sums.counts(weight)[0];
                    assertThat((double) square[i * n + i]).isCloseTo(expected, within(tolerance));
                    assertThat((double) diagonal[i * n + i]).isCloseTo(expected, within(tolerance));
                    assertThat(diagonal[i * n + (i + 1) % n]).isZero();
                }
            }
        }
    }

    @Test
    void expertsHaveMomentsOfTheirOwnAndThoseWithoutTokensNoPreference() throws IOException {
        Path model = TinyModel.qwen3moe().write(folder.resolve("experts.gguf"));
        Path statistics = calibrate(model, "experts-full.gguf", true);
        Path idle = withoutTokens(statistics, "blk.0.ffn_down_exps.weight", 1);
        try (MomentSource source = PlainMoments.open(idle)) {
            String experts = "blk.0.ffn_down_exps.weight";
            int n = source.columns(experts);
            float[] moment = source.moment(experts, 1);
            for (int i = 0; i < moment.length; i++) {
                assertThat(moment[i]).isEqualTo(i % (n + 1) == 0 ? 1 : 0);
            }
            assertThat(source.moment(experts, 0)).isNotEqualTo(source.moment(experts, 2));
        }
        Path output = folder.resolve("out.gguf");
        Quantizer.run(
                QuantizeOptions.builder(model, output, Preset.Q4_0)
                        .statistics(idle)
                        .threads(1)
                        .build(),
                ProgressListener.NONE);
        try (GgufFile file = GgufFile.open(output)) {
            assertThat(file.tensor("blk.0.ffn_down_exps.weight").orElseThrow().type())
                    .isEqualTo(GgmlType.Q4_0);
        }
    }

    /** As if an expert had been sent nothing; the checksums, which such a file would not need, are left out. */
    private Path withoutTokens(Path statistics, String weight, int expert) throws IOException {
        Path copy = folder.resolve("idle.gguf");
        try (GgufFile file = GgufFile.open(statistics)) {
            Metadata.Builder metadata = Metadata.builder();
            file.metadata().asMap().forEach((key, value) -> {
                if (!key.equals("kvant.statistics.crc32c")) {
                    metadata.put(key, value);
                }
            });
            List<TensorSpec> specs =
                    file.tensors().stream().map(TensorInfo::spec).toList();
            try (GgufWriter writer = GgufWriter.create(copy, metadata.build(), specs)) {
                for (TensorInfo tensor : file.tensors()) {
                    byte[] bytes = file.data(tensor).toArray(ValueLayout.JAVA_BYTE);
                    if (tensor.name().equals(weight + ".counts")) {
                        java.util.Arrays.fill(bytes, expert * Float.BYTES, (expert + 1) * Float.BYTES, (byte) 0);
                    }
                    writer.write(tensor.name(), MemorySegment.ofArray(bytes));
                }
                writer.commit();
            }
        }
        return copy;
    }

    private interface Work {
        void run() throws IOException;
    }
}
