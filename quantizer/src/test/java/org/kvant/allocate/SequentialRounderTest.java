package org.kvant.allocate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.evaluate.KldProbe;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.quantize.Activations;
import org.kvant.quantize.Assignment;
import org.kvant.quantize.Preset;
import org.kvant.quantize.QuantizeOptions;
import org.kvant.quantize.Quantizer;
import org.kvant.round.RoundingOptions;

/** Rounding layer after layer, on the demo model. */
class SequentialRounderTest {
    private static final RoundingOptions ROUNDING = RoundingOptions.DEFAULT.withSweeps(0);

    @TempDir
    Path folder;

    private static Map<String, GgmlType> types() throws IOException {
        Map<String, GgmlType> types = new java.util.TreeMap<>();
        try (GgufFile model = GgufFile.open(DemoStatistics.model())) {
            for (TensorInfo tensor : model.tensors()) {
                if (tensor.shape().length == 2 && tensor.columns() % 256 == 0) {
                    types.put(tensor.name(), tensor.name().contains("ffn_down") ? GgmlType.IQ3_S : GgmlType.Q3_K);
                }
            }
        }
        return types;
    }

    private Path quantize(Activations activations, String name) throws IOException {
        Path output = folder.resolve(name + ".gguf");
        Assignment assignment = new Assignment(types(), Map.of(), ROUNDING, folder.resolve(name), false);
        Quantizer.run(
                QuantizeOptions.builder(DemoStatistics.model(), output, Preset.COPY)
                        .statistics(DemoStatistics.statistics())
                        .activations(activations)
                        .assignment(assignment)
                        .threads(2)
                        .build(),
                ProgressListener.NONE);
        return output;
    }

    private double divergence(Path candidate) throws IOException {
        try (KldProbe probe =
                KldProbe.open(DemoStatistics.model(), List.of(DemoStatistics.STORIES), 8, 256, 2, folder)) {
            return probe.evaluate(candidate).meanDivergence();
        }
    }

    @Test
    void layersRoundedOnQuantizedActivationsAreAsGood() throws IOException {
        Path each = quantize(Activations.MODEL, "each");
        Path sequential = quantize(Activations.QUANTIZED, "sequential");
        double alone = divergence(each);
        double together = divergence(sequential);
        System.out.printf("each by itself %.4f, layer after layer %.4f%n", alone, together);
        assertThat(together).isLessThan(1.1 * alone);
        try (GgufFile a = GgufFile.open(each);
                GgufFile b = GgufFile.open(sequential)) {
            assertThat(b.metadata().string("kvant.quantize.activations")).isEqualTo("quantized");
            assertThat(same(a, b, "token_embd.weight")).isTrue();
            assertThat(same(a, b, "blk.1.ffn_up.weight")).isFalse();
        }
    }

    private static boolean same(GgufFile a, GgufFile b, String tensor) {
        return a.data(a.tensor(tensor).orElseThrow())
                        .mismatch(b.data(b.tensor(tensor).orElseThrow()))
                < 0;
    }

    @Test
    void correctionsAreRunAndWhatIsLostOnTheWayIsMadeAgainTheSame() throws IOException {
        Path output = quantize(Activations.CORRECTED, "corrected");
        byte[] first = Files.readAllBytes(output);
        List<Path> kept;
        try (Stream<Path> files = Files.list(folder.resolve("corrected"))) {
            kept = new ArrayList<>(files.filter(f -> f.toString().endsWith(".rounded"))
                    .sorted()
                    .toList());
        }
        assertThat(kept).hasSize(types().size());
        for (int i = 0; i < kept.size(); i += 2) {
            Files.delete(kept.get(i));
        }
        Files.delete(output);
        quantize(Activations.CORRECTED, "corrected");
        assertThat(output).hasBinaryContent(first);
        try (Stream<Path> files = Files.list(folder.resolve("corrected"))) {
            assertThat(files).allMatch(f -> f.toString().endsWith(".rounded"));
        }
    }
}
