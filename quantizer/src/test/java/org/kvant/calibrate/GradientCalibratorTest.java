package org.kvant.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.evaluate.DemoModels;
import org.kvant.evaluate.KldProbe;
import org.kvant.evaluate.TokenChunks;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.llama.TinyModel;
import org.kvant.network.Linear;
import org.kvant.quantize.CalibratedRounder;
import org.kvant.quantize.Imatrix;
import org.kvant.quantize.Preset;
import org.kvant.quantize.QuantizeOptions;
import org.kvant.quantize.Quantizer;

/** Gradient-weighted moments, and what rounding under them is worth. */
class GradientCalibratorTest {
    @TempDir
    Path folder;

    /** A text that the demo model finds hard, so that divergences are large. */
    private static final TextSource TEXT =
            new TextSource.Texts(List.of(Path.of(System.getProperty("kvant.root"), "LICENSE")));

    private static CalibrateOptions options(Path model, Path output) {
        return Calibrations.options(model, output, TEXT).withChunks(16, 64);
    }

    private static CalibrateResult run(CalibrateOptions options) throws IOException {
        return GradientCalibrator.run(options, ProgressListener.NONE, () -> false, note -> {});
    }

    @Test
    void theFileIsAnImportanceMatrixToo() throws IOException {
        Path model = Calibrations.demo(folder);
        Path gradients = folder.resolve("gradients.gguf");
        Path diagonals = folder.resolve("diagonals.gguf");
        run(options(model, gradients));
        Calibrations.run(options(model, diagonals));
        try (GgufFile ours = GgufFile.open(gradients);
                GgufFile theirs = GgufFile.open(diagonals)) {
            var sums = theirs.tensors().stream()
                    .filter(tensor -> tensor.name().endsWith(".in_sum2"))
                    .toList();
            assertThat(sums).isNotEmpty();
            for (var tensor : sums) {
                int n = (int) tensor.elements();
                float[] expected = TensorStore.floats(theirs, tensor.name(), n);
                float[] values = TensorStore.floats(ours, tensor.name(), n);
                float largest = 0;
                for (float value : expected) {
                    largest = Math.max(largest, value);
                }
                for (int i = 0; i < n; i++) {
                    // llama.cpp rounds activations on the way.
                    assertThat(values[i])
                            .as(tensor.name())
                            .isCloseTo(expected[i], within(0.02f * expected[i] + 1e-3f * largest));
                }
            }
        }
        assertThat(Imatrix.read(gradients).size())
                .isEqualTo(Imatrix.read(diagonals).size());
    }

    @Test
    void aStoppedRunGoesOnToTheSameFile() throws IOException {
        Path model = Calibrations.demo(folder);
        Path whole = folder.resolve("whole.gguf");
        // Eight chunks: the last is held out.
        run(options(model, whole).withChunks(8, 32));
        Path stopped = folder.resolve("stopped.gguf");
        int runs = 0;
        while (!Files.exists(stopped)) {
            int[] asked = {0};
            // Each run is let through the forward pass and one layer back at most.
            GradientCalibrator.run(
                    options(model, stopped).withChunks(8, 32), ProgressListener.NONE, () -> ++asked[0] > 8, note -> {});
            assertThat(++runs).isLessThan(20);
        }
        assertThat(runs).isGreaterThan(1);
        assertThat(stopped).hasSameBinaryContentAs(whole);
        assertThat(RunFolder.of(stopped)).doesNotExist();
    }

    @Test
    void progressEndsAtTheTotal() throws IOException {
        Path model = Calibrations.demo(folder);
        for (TextSource source : List.of(TEXT, new TextSource.SelfWritten(1))) {
            long[] last = {0, 0};
            CalibrateOptions options = Calibrations.options(model, folder.resolve("out.gguf"), source)
                    .withChunks(2, 32);
            GradientCalibrator.run(
                    options,
                    (what, done, total) -> {
                        assertThat(done).as(what).isBetween(last[0], total);
                        last[0] = done;
                        last[1] = total;
                    },
                    () -> false,
                    note -> {});
            assertThat(last[0]).as(source.toString()).isEqualTo(last[1]).isPositive();
        }
    }

    /** With room for one matrix's moment at a time, for a few, and for all. */
    @Test
    void momentsThatDoNotFitAreSummedInSeveralPasses() throws IOException {
        for (TinyModel tiny : List.of(TinyModel.qwen3moe(), TinyModel.llama())) {
            Path model = tiny.write(folder.resolve("tiny.gguf"));
            CalibrateOptions options =
                    options(model, folder.resolve("whole.gguf")).withChunks(8, 32);
            run(options);
            int passes = 0;
            for (long memory : new long[] {1, 30_000, 1L << 40}) {
                Path output = folder.resolve("shared-" + memory + ".gguf");
                List<String> notes = new ArrayList<>();
                GradientCalibrator.run(
                        options(model, output).withChunks(8, 32).withFull(false, memory),
                        ProgressListener.NONE,
                        () -> false,
                        notes::add);
                assertThat(output).hasSameBinaryContentAs(options.output());
                Matcher times = Pattern.compile("layer (\\d+) times").matcher(String.join("\n", notes));
                assertThat(times.find()).isEqualTo(memory < 1L << 40);
                if (memory == 30_000) {
                    passes = Integer.parseInt(times.group(1));
                }
                assertThat(RunFolder.of(output)).doesNotExist();
            }
            Path stopped = folder.resolve("stopped.gguf");
            int runs = 0;
            int stops = passes + 4;
            while (!Files.exists(stopped)) {
                int[] asked = {0};
                GradientCalibrator.run(
                        options(model, stopped).withChunks(8, 32).withFull(false, 30_000),
                        ProgressListener.NONE,
                        // Between two passes through a layer, too: that layer begins anew.
                        () -> ++asked[0] > stops,
                        note -> {});
                assertThat(++runs).isLessThan(20);
            }
            assertThat(runs).isGreaterThan(1);
            assertThat(stopped).hasSameBinaryContentAs(options.output());
            for (Path file : List.of(options.output(), stopped, folder.resolve("shared-1.gguf"))) {
                Files.delete(file);
            }
        }
    }

    @Test
    void everyMatrixIsInTheShareThatHasRoomForIt() {
        List<Linear> linears = List.of(
                new Linear("a", "x", Linear.Role.QUERY, 0, 5, 10, 1),
                new Linear("b", "x", Linear.Role.GATE, 0, 5, 10, 7),
                new Linear("c", "x", Linear.Role.DOWN, 0, 5, 100, 1),
                new Linear("d", "x", Linear.Role.UP, 0, 5, 10, 2));
        MomentShares shares = MomentShares.of(linears, 3 * 800);
        assertThat(shares.of(linears.getFirst(), 0)).isZero();
        assertThat(java.util.stream.IntStream.range(0, 7).map(i -> shares.of(linears.get(1), i)))
                .containsExactly(0, 0, 1, 1, 1, 2, 2);
        // More than is allowed: alone.
        assertThat(shares.of(linears.get(2), 0)).isEqualTo(3);
        assertThat(shares.of(linears.get(3), 0)).isEqualTo(4);
        assertThat(shares.count()).isEqualTo(5);
        assertThat(MomentShares.of(linears, Long.MAX_VALUE).count()).isEqualTo(1);
        assertThat(MomentShares.heapBytes(linears))
                .isBetween(64L << 20, Runtime.getRuntime().maxMemory());
    }

    /** What a run that was killed had in temporary files is not left to lie until the end. */
    @Test
    void leftoversOfAKilledRunAreRemoved() throws IOException {
        Path output = folder.resolve("out.gguf");
        RunFolder.open(output, "one\n").close();
        Path left = Files.writeString(RunFolder.of(output).resolve("kvant-states1.tmp"), "x");
        Path layer = Files.writeString(RunFolder.of(output).resolve("layer-00001.gguf"), "x");
        try (RunFolder again = RunFolder.open(output, "one\n")) {
            assertThat(again.resumed()).isTrue();
            assertThat(left).doesNotExist();
            assertThat(layer).exists();
        }
    }

    @Test
    void calibratedRoundingIsCloserThanAnImportanceMatrix() throws IOException {
        Path model = DemoModels.shallow(Calibrations.demo(folder), folder.resolve("shallow.gguf"), 2);
        Path stats = folder.resolve("stats.gguf");
        run(options(model, stats));
        int[][] others = unseen(model);
        try (KldProbe probe = KldProbe.open(model, TokenChunks.of(others), 1, folder)) {
            for (Preset preset : List.of(Preset.Q4_0, Preset.Q3_K_M, Preset.IQ3_XXS)) {
                Path calibrated = folder.resolve(preset + "-calibrated.gguf");
                Path weighted = folder.resolve(preset + "-weighted.gguf");
                QuantizeOptions plain = QuantizeOptions.builder(model, weighted, preset)
                        .threads(1)
                        .imatrix(stats)
                        .build();
                Quantizer.run(plain, ProgressListener.NONE);
                Quantizer.run(
                        QuantizeOptions.builder(model, calibrated, preset)
                                .threads(1)
                                .statistics(stats)
                                .build(),
                        ProgressListener.NONE);
                assertThat(CalibratedRounder.folderOf(calibrated)).doesNotExist();
                double ours = probe.evaluate(calibrated).meanDivergence();
                double theirs = probe.evaluate(weighted).meanDivergence();
                System.out.printf("%s: KLD %.5f calibrated, %.5f importance-weighted%n", preset, ours, theirs);
                assertThat(ours).as(preset.toString()).isLessThan(theirs);
                try (GgufFile a = GgufFile.open(calibrated);
                        GgufFile b = GgufFile.open(weighted)) {
                    assertThat(a.metadata().string("kvant.quantize.statistics")).isEqualTo("stats.gguf");
                    assertThat(b.metadata().keys()).noneMatch(key -> key.startsWith("kvant."));
                    assertThat(a.tensors().stream().map(t -> t.name() + t.type()))
                            .isEqualTo(b.tensors().stream()
                                    .map(t -> t.name() + t.type())
                                    .toList());
                }
            }
        }
    }

    /** Chunks after those that were calibrated on. */
    private int[][] unseen(Path model) throws IOException {
        Path all = folder.resolve("all.gguf");
        run(options(model, all).withChunks(40, 64));
        try (GradientStatistics statistics = GradientStatistics.open(all)) {
            int[][] chunks = statistics.chunks();
            assertThat(chunks.length).isGreaterThan(20);
            return Arrays.copyOfRange(chunks, 16, chunks.length);
        }
    }

    @Test
    void anotherModelsOrDamagedStatisticsAreRefused() throws IOException {
        Path model = Calibrations.demo(folder);
        Path stats = folder.resolve("stats.gguf");
        run(Calibrations.options(model, stats).withChunks(2, 32));
        Path other = TinyModel.llama().write(folder.resolve("other.gguf"));
        assertThatThrownBy(() -> quantize(other, stats))
                .isInstanceOf(CalibrateException.class)
                .hasMessageContaining("another model")
                .hasMessageContaining("kvant calibrate");
        byte[] bytes = Files.readAllBytes(stats);
        Path cut = Files.write(folder.resolve("cut.gguf"), Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> quantize(model, cut))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cut.gguf");
        List<Path> left = new ArrayList<>();
        try (var files = Files.list(folder)) {
            files.filter(file -> file.getFileName().toString().startsWith("out"))
                    .forEach(left::add);
        }
        assertThat(left).isEmpty();
    }

    @Test
    void weightsThatAreNotFiniteAreNamed() throws IOException {
        Path model = TinyModel.llama().write(folder.resolve("tiny.gguf"));
        Path stats = folder.resolve("stats.gguf");
        run(Calibrations.options(model, stats).withChunks(2, 32));
        try (GgufFile file = GgufFile.open(model)) {
            TensorInfo tensor = file.tensor("blk.1.ffn_up.weight").orElseThrow();
            TensorInfo last = file.tensors().getLast();
            long data = Files.size(model) - last.offset() - (last.bytes() + 31) / 32 * 32;
            long place = data + tensor.offset() + (70 * tensor.columns() + 5) * Float.BYTES;
            try (FileChannel channel = FileChannel.open(model, StandardOpenOption.WRITE)) {
                // 0x7fc00000 in little endian.
                channel.write(ByteBuffer.wrap(new byte[] {0, 0, (byte) 0xc0, 0x7f}), place);
            }
        }
        String place = "row 70, column 5 is NaN; the model is damaged";
        assertThatThrownBy(() -> quantize(model, stats)).hasMessageContainingAll("tensor blk.1.ffn_up.weight", place);
        assertThat(folder.resolve("out.gguf")).doesNotExist();
        assertThatThrownBy(() -> run(Calibrations.options(model, folder.resolve("again.gguf"))
                        .withChunks(2, 32)))
                .isInstanceOf(CalibrateException.class)
                .hasMessageContainingAll("tensor blk.1.ffn_up.weight", place);
        assertThat(folder.resolve("again.gguf")).doesNotExist();
    }

    private void quantize(Path model, Path statistics) throws IOException {
        Quantizer.run(
                QuantizeOptions.builder(model, folder.resolve("out.gguf"), Preset.Q4_0)
                        .threads(1)
                        .statistics(statistics)
                        .build(),
                ProgressListener.NONE);
    }
}
