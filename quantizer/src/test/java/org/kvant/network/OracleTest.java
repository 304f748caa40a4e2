package org.kvant.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.gguf.GgufFile;
import org.kvant.linalg.Workers;

/** Logits against llama.cpp's. */
class OracleTest {
    @TempDir
    private static Path folder;

    /** Chunks of several lengths: alone, shorter and longer than a sliding window, longer than a tile of queries. */
    private static final int[] LENGTHS = {1, 7, 150, 40};

    @ParameterizedTest
    @EnumSource(Models.class)
    void logitsAreThoseOfLlamaCpp(Models model) throws IOException {
        Path file = model.write(folder.resolve(model + ".gguf"), Seed.VALUE);
        // llama.cpp looks GELU up in a table of half-precision numbers.
        boolean table = model.name().startsWith("GEMMA");
        compare(file, LENGTHS, Seed.random(model), table ? 1e-5 : 1e-6, table ? 0.05 : 1e-3);
    }

    @Test
    void theDemoModelSaysTheSame() throws IOException {
        Path checkpoint = Path.of(System.getProperty("kvant.root"), "models", "demo");
        Path file = folder.resolve("demo.gguf");
        Converter.convert(checkpoint, file, OutType.F16, (what, done, total) -> {});
        // With F16 weights llama.cpp rounds activations to F16.
        compare(file, new int[] {64, 100}, Seed.random("demo"), 1e-5, 0.1);
    }

    private static void compare(Path file, int[] lengths, Random random, double maxDivergence, double maxDifference)
            throws IOException {
        try (GgufFile gguf = GgufFile.open(file);
                Workers workers = new Workers(2)) {
            Network network = Network.of(gguf.metadata(), gguf.tensors());
            int[][] chunks = Arrays.stream(lengths)
                    .mapToObj(n -> random.ints(n, 0, network.vocabulary()).toArray())
                    .toArray(int[][]::new);
            WeightSource weights = new GgufWeights(gguf, workers);
            NetworkRunner runner = new NetworkRunner(network, workers);
            HiddenStates states = runner.embed(chunks, weights);
            for (int layer = 0; layer < network.layers(); layer++) {
                runner.forward(layer, weights, states, null);
            }
            Head head = new Head(runner, weights);
            float[][][] expected = Oracle.logits(file, chunks);
            double[][] divergences = head.divergence(
                    (rows, logits) -> {
                        for (int i = 0; i < rows.count(); i++) {
                            float[] row = expected[rows.chunk()[i]][rows.position()[i]];
                            System.arraycopy(row, 0, logits, i * row.length, row.length);
                        }
                    },
                    states,
                    null,
                    TokenWeights.ONES,
                    null,
                    null);
            double mean = Arrays.stream(divergences)
                    .flatMapToDouble(Arrays::stream)
                    .average()
                    .orElseThrow();
            double worst = worstDifference(head, states, expected);
            System.out.printf("%s: mean KL %.2e, largest difference %.2e%n", file.getFileName(), mean, worst);
            assertThat(mean).isLessThan(maxDivergence);
            assertThat(worst).isLessThan(maxDifference);
        }
    }

    private static double worstDifference(Head head, HiddenStates states, float[][][] expected) {
        double worst = 0;
        for (int chunk = 0; chunk < expected.length; chunk++) {
            int vocabulary = expected[chunk][0].length;
            float[] logits = new float[expected[chunk].length * vocabulary];
            head.logits(states, chunk, 0, expected[chunk].length, logits);
            for (int i = 0; i < logits.length; i++) {
                worst = Math.max(worst, Math.abs(logits[i] - expected[chunk][i / vocabulary][i % vocabulary]));
            }
        }
        return worst;
    }
}
