package org.kvant.allocate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.calibrate.CalibrateException;
import org.kvant.evaluate.KldProbe;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.quantize.Preset;
import org.kvant.quantize.QuantizeOptions;
import org.kvant.quantize.Quantizer;
import org.kvant.quantize.TensorTypeRule;
import org.kvant.round.RoundingOptions;

/** On the demo model, with statistics of a few stories. */
class AllocatedQuantizerTest {
    private static final RoundingOptions ROUNDING = RoundingOptions.DEFAULT.withSweeps(0);

    /** Measured once: copied into each test's folder. */
    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    @BeforeAll
    static void measure() throws IOException {
        try (AllocatedQuantizer quantizer = AllocatedQuantizer.open(
                options(shared.resolve("none.gguf")), request(Budget.NONE), shared, ProgressListener.NONE)) {
            assertThat(quantizer.allocate().loss()).isLessThan(0.01);
        }
        assertThat(shared.resolve("losses.txt")).exists();
    }

    private static QuantizeOptions options(Path output) {
        return QuantizeOptions.builder(DemoStatistics.model(), output, Preset.COPY)
                .statistics(DemoStatistics.statistics())
                .threads(1)
                .build();
    }

    private static AllocateRequest request(Budget budget) {
        return new AllocateRequest(budget, Candidates.DEFAULT, List.of(), ROUNDING, List.of(), 4, false, "kvant test");
    }

    private Path work() throws IOException {
        Path work = folder.resolve("work");
        Files.createDirectories(work);
        for (String name : List.of("losses.txt", "speeds.txt")) {
            if (Files.exists(shared.resolve(name)) && !Files.exists(work.resolve(name))) {
                Files.copy(shared.resolve(name), work.resolve(name));
            }
        }
        return work;
    }

    private AllocateResult run(Budget budget, Path output) throws IOException {
        return run(options(output), request(budget));
    }

    private AllocateResult run(QuantizeOptions options, AllocateRequest request) throws IOException {
        try (AllocatedQuantizer quantizer = AllocatedQuantizer.open(options, request, work(), ProgressListener.NONE)) {
            return quantizer.run();
        }
    }

    private static double divergence(Path candidate, Path scratch) throws IOException {
        try (KldProbe probe =
                KldProbe.open(DemoStatistics.model(), List.of(DemoStatistics.STORIES), 6, 256, 1, scratch)) {
            return probe.evaluate(candidate).meanDivergence();
        }
    }

    @Test
    void sizesAreKeptAndBeatAPresetOfTheSameSize() throws IOException {
        Path preset = folder.resolve("preset.gguf");
        Quantizer.run(
                QuantizeOptions.builder(DemoStatistics.model(), preset, Preset.Q3_K_M)
                        .threads(1)
                        .build(),
                ProgressListener.NONE);
        long size = Files.size(preset);
        Path output = folder.resolve("out.gguf");
        AllocateResult result = run(new Budget(size, null, null, null), output);
        assertThat(Files.size(output))
                .isEqualTo(result.allocation().fileBytes())
                .isBetween((long) (0.995 * size), size);
        assertThat(divergence(output, folder)).isLessThan(0.7 * divergence(preset, folder));
        assertThat(folder.resolve("work")).doesNotExist();
        try (GgufFile file = GgufFile.open(output)) {
            assertThat(file.metadata().string("kvant.version")).isEqualTo("kvant test");
            assertThat(file.metadata().floats("kvant.quantize.loss"))
                    .hasSize(result.allocation().types().size());
            assertThat(file.metadata().string("kvant.recipe")).contains("token_embd");
        }
    }

    @Test
    void bitsPerWeightAreKept() throws IOException {
        try (AllocatedQuantizer quantizer = AllocatedQuantizer.open(
                options(folder.resolve("out.gguf")),
                request(new Budget(null, 3.5, null, null)),
                work(),
                ProgressListener.NONE)) {
            AllocateResult result = quantizer.predict();
            assertThat(result.allocation().bitsPerWeight()).isBetween(3.48, 3.5);
            assertThat(result.written()).isNull();
            assertThat(folder.resolve("out.gguf")).doesNotExist();
        }
    }

    @Test
    void aDivergenceIsKeptWithinATenth() throws IOException {
        Path output = folder.resolve("out.gguf");
        double wanted = 0.08;
        AllocateRequest request = new AllocateRequest(
                new Budget(null, null, wanted, null),
                Candidates.DEFAULT,
                List.of(),
                ROUNDING,
                List.of(DemoStatistics.STORIES),
                4,
                true,
                null);
        AllocateResult result = run(options(output), request);
        assertThat(Objects.requireNonNull(result.measured())).isBetween(0.9 * wanted, wanted);
        System.out.printf("predicted %.4f, measured %.4f%n", result.allocation().loss(), result.measured());
        assertThat(folder.resolve("work")).doesNotExist();
    }

    @Test
    void speedIsMeasuredAndKept() throws IOException {
        Budget fast = new Budget(null, 5.0, null, 0.9);
        AllocateRequest request = new AllocateRequest(
                fast,
                List.of(GgmlType.Q2_K, GgmlType.Q4_0, GgmlType.IQ3_S, GgmlType.Q6_K),
                List.of(),
                ROUNDING,
                List.of(),
                4,
                false,
                null);
        try (AllocatedQuantizer quantizer =
                AllocatedQuantizer.open(options(folder.resolve("out.gguf")), request, folder, ProgressListener.NONE)) {
            assertThat(quantizer.allocate().speed()).isBetween(0.9, 1.0 + 1e-9);
        }
        assertThat(folder.resolve("speeds.txt")).content().contains("IQ3_S").contains("Q4_0");
    }

    @Test
    void impossibleSizesNameTheSmallest() throws IOException {
        Path output = folder.resolve("out.gguf");
        String message = message(() -> run(new Budget(400_000L, null, null, null), output));
        Matcher size = Pattern.compile("--size (\\d+)").matcher(message);
        assertThat(size.find()).as(message).isTrue();
        long least = Long.parseLong(size.group(1));
        assertThat(output).doesNotExist();
        AllocateResult result = run(new Budget(least, null, null, null), output);
        assertThat(Files.size(output)).isLessThanOrEqualTo(least).isGreaterThan(least - 4096);
        assertThat(result.allocation().fileBytes()).isEqualTo(Files.size(output));
    }

    @Test
    void impossibleDivergencesSayWhatCanBeHad() {
        Path output = folder.resolve("out.gguf");
        AllocateRequest coarse = new AllocateRequest(
                new Budget(null, null, 0.001, null),
                List.of(GgmlType.Q2_K, GgmlType.Q3_K),
                List.of(),
                ROUNDING,
                List.of(DemoStatistics.STORIES),
                1,
                false,
                null);
        assertThatThrownBy(() -> run(options(output), coarse))
                .isInstanceOf(AllocateException.class)
                .hasMessageContaining("0.001")
                .hasMessageContaining("it is still");
        assertThat(output).doesNotExist();
    }

    @Test
    void rulesFixTypesAndTheRecipeRepeatsTheChoice() throws IOException {
        Path output = folder.resolve("out.gguf");
        AllocateRequest request = new AllocateRequest(
                new Budget(null, 4.0, null, null),
                Candidates.DEFAULT,
                List.of(TensorTypeRule.parse("attn_v=q8_0")),
                ROUNDING,
                List.of(),
                4,
                false,
                null);
        AllocateResult result = run(options(output), request);
        assertThat(result.allocation().types())
                .containsEntry("blk.0.attn_v.weight", GgmlType.Q8_0)
                .containsEntry("blk.1.attn_v.weight", GgmlType.Q8_0);
        Path file = Files.writeString(folder.resolve("recipe.yaml"), RecipeYaml.write(result.recipe()));
        Recipe recipe = RecipeYaml.read(file);
        Path again = folder.resolve("again.gguf");
        AllocateRequest repeated = new AllocateRequest(
                recipe.budget(), recipe.candidates(), recipe.rules(), recipe.rounding(), List.of(), 4, false, null);
        AllocateResult second = run(options(again), repeated);
        assertThat(second.allocation().types()).isEqualTo(result.allocation().types());
        assertThat(again).hasSameBinaryContentAs(output);
    }

    @Test
    void whereAllTypesAreFixedNoGroupIsMeasured() throws IOException {
        Path work = work();
        AllocateRequest request = new AllocateRequest(
                Budget.NONE,
                Candidates.DEFAULT,
                List.of(TensorTypeRule.parse("attn=q6_k"), TensorTypeRule.parse(".*=q4_k")),
                ROUNDING,
                List.of(),
                4,
                true,
                null);
        try (AllocatedQuantizer quantizer =
                AllocatedQuantizer.open(options(folder.resolve("out.gguf")), request, work, ProgressListener.NONE)) {
            AllocateResult result = quantizer.predict();
            assertThat(result.notes()).anyMatch(note -> note.contains("fixed"));
            assertThat(result.allocation().types()).containsEntry("blk.0.attn_q.weight", GgmlType.Q6_K);
        }
        assertThat(work.resolve("probes.txt")).doesNotExist();
    }

    @Test
    void twoCannotWorkInTheSameFolder() throws IOException {
        Path work = work();
        QuantizeOptions options = options(folder.resolve("out.gguf"));
        try (AllocatedQuantizer first =
                AllocatedQuantizer.open(options, request(Budget.NONE), work, ProgressListener.NONE)) {
            assertThat(message(() -> AllocatedQuantizer.open(options, request(Budget.NONE), work, ProgressListener.NONE)
                            .close()))
                    .contains(work.toString(), "another process");
            assertThat(first.allocate().types()).isNotEmpty();
        }
        assertThat(work.resolve("lock")).doesNotExist();
        AllocatedQuantizer.open(options, request(Budget.NONE), work, ProgressListener.NONE)
                .close();
        assertThat(work.resolve("losses.txt")).exists();
    }

    @Test
    void whatWasMeasuredIsNotMeasuredAgain() throws IOException {
        Path work = work();
        byte[] before = Files.readAllBytes(work.resolve("losses.txt"));
        // The end of the last line is lost, as when the process is killed while it writes.
        Files.write(work.resolve("losses.txt"), java.util.Arrays.copyOf(before, before.length - 20));
        int[] steps = new int[1];
        try (AllocatedQuantizer quantizer = AllocatedQuantizer.open(
                options(folder.resolve("out.gguf")), request(Budget.NONE), work, (what, done, total) -> steps[0]++)) {
            assertThat(quantizer.allocate().types()).isNotEmpty();
        }
        assertThat(steps[0]).isEqualTo(1);
    }

    @Test
    void tensorsTheStatisticsDoNotKnowAreInferred() throws IOException {
        try (GgufFile model = GgufFile.open(DemoStatistics.model())) {
            List<TensorInfo> tensors = Stream.of("token_embd.weight", "blk.0.ffn_down.weight", "blk.1.attn_v.weight")
                    .map(name -> model.tensor(name).orElseThrow())
                    .toList();
            List<TensorLosses> losses = Sensitivities.measure(
                    model,
                    tensors,
                    List.of(GgmlType.Q2_K, GgmlType.Q4_K, GgmlType.Q8_0, GgmlType.IQ2_XXS),
                    new Diagonal("blk"),
                    null,
                    1,
                    ProgressListener.NONE);
            TensorLosses unknown = losses.getFirst();
            assertThat(unknown.known()).isFalse();
            assertThat(unknown.losses()).doesNotContainKey(GgmlType.IQ2_XXS);
            assertThat(unknown.of(GgmlType.Q2_K)).isGreaterThan(2 * unknown.of(GgmlType.Q4_K));
            double mean = (losses.get(1).of(GgmlType.IQ2_XXS) + losses.get(2).of(GgmlType.IQ2_XXS)) / 2;
            assertThat(unknown.of(GgmlType.Q2_K)).isCloseTo(mean, within(1e-9));
            assertThat(losses.get(2).of(GgmlType.Q4_K)).isBetween(1e-4, 0.05);
            assertThatThrownBy(() -> Sensitivities.measure(
                            model,
                            tensors,
                            List.of(GgmlType.Q4_K),
                            new Diagonal("none"),
                            null,
                            1,
                            ProgressListener.NONE))
                    .isInstanceOf(AllocateException.class);
        }
    }

    @Test
    void statisticsOfAnotherModelAndDamagedOnesAreRefused() throws IOException {
        Path damaged = folder.resolve("damaged.gguf");
        byte[] bytes = Files.readAllBytes(DemoStatistics.statistics());
        Files.write(damaged, java.util.Arrays.copyOf(bytes, bytes.length / 2));
        Path output = folder.resolve("out.gguf");
        assertThatThrownBy(() -> run(
                        options(output).toBuilder().statistics(damaged).build(),
                        request(new Budget(null, 4.0, null, null))))
                .isInstanceOf(CalibrateException.class)
                .hasMessageContaining(damaged.toString());
        assertThatThrownBy(() -> run(
                        options(output).toBuilder()
                                .statistics(DemoStatistics.model())
                                .build(),
                        request(new Budget(null, 4.0, null, null))))
                .isInstanceOf(CalibrateException.class)
                .hasMessageContaining("--gradient");
        assertThat(message(() -> run(
                        options(output).toBuilder().statistics(null).build(),
                        request(new Budget(null, 4.0, null, null)))))
                .contains("--stats");
        assertThat(output).doesNotExist();
    }

    private interface Work {
        void run() throws IOException;
    }

    private static String message(Work work) {
        Throwable thrown = org.assertj.core.api.Assertions.catchThrowable(work::run);
        assertThat(thrown).isInstanceOf(AllocateException.class);
        return String.valueOf(thrown.getMessage());
    }

    /** All columns alike, for tensors whose name contains something. */
    private record Diagonal(String known) implements Curvature {
        @Override
        public float @Nullable [] moment(TensorInfo tensor, int matrix) {
            return null;
        }

        @Override
        public float @Nullable [] heldOut(TensorInfo tensor, int matrix) {
            return null;
        }

        @Override
        public float @Nullable [] diagonal(TensorInfo tensor, int matrix) {
            return tensor.name().contains(known) ? SampledRows.even((int) tensor.columns()) : null;
        }

        @Override
        public boolean divergence() {
            return false;
        }

        @Override
        public String identity() {
            return known;
        }
    }
}
