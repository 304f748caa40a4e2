package org.kvant.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.gguf.GgufFile;
import org.kvant.linalg.Workers;

/** Losses of logits. Their way back into the network is checked by {@link GradientTest}. */
class HeadTest {
    @TempDir
    private static Path folder;

    private interface Body {
        void run(Network network, Head head, HiddenStates states);
    }

    private static void with(int[] lengths, int threads, Body body) throws IOException {
        Path file = Models.LLAMA.write(folder.resolve("head.gguf"), 1);
        try (GgufFile gguf = GgufFile.open(file);
                Workers workers = new Workers(threads)) {
            Network network = Network.of(gguf.metadata(), gguf.tensors());
            WeightSource weights = new GgufWeights(gguf, workers);
            HiddenStates states = HiddenStates.inHeap(lengths, network.width());
            Random random = new Random(2);
            for (int chunk = 0; chunk < lengths.length; chunk++) {
                for (int position = 0; position < lengths[chunk]; position++) {
                    float[] state = new float[network.width()];
                    for (int i = 0; i < state.length; i++) {
                        state[i] = (float) random.nextGaussian();
                    }
                    states.write(chunk, position, 1, state, 0);
                }
            }
            body.run(network, new Head(new NetworkRunner(network, workers), weights), states);
        }
    }

    @Test
    void targetsAreDrawnFromTheModelsDistribution() throws IOException {
        with(new int[] {2, 1}, 1, (network, head, states) -> {
            int vocabulary = network.vocabulary();
            float[] logits = new float[2 * vocabulary];
            head.logits(states, 0, 0, 2, logits);
            double[] p = softmax(logits, vocabulary, vocabulary);
            double[] drawn = new double[vocabulary];
            int draws = 4000;
            HiddenStates gradient = HiddenStates.inHeap(states.lengths(), states.width());
            for (int seed = 0; seed < draws; seed++) {
                float[][] g = new float[1][];
                double[][] losses = head.fisher(
                        states,
                        gradient,
                        seed,
                        TokenWeights.ONES,
                        (linear, expert, rows, x, dLogits) -> {
                            if (dLogits != null) {
                                g[0] = dLogits.clone();
                            }
                        },
                        null);
                int target = 0;
                for (int i = 0; i < vocabulary; i++) {
                    float value = g[0][vocabulary + i];
                    if (value < 0) {
                        target = i;
                        value += 1;
                    }
                    assertThat((double) value).isCloseTo(p[i], within(1e-5));
                }
                assertThat(losses[0][1]).isCloseTo(-Math.log(p[target]), within(1e-4));
                drawn[target]++;
            }
            for (int i = 0; i < vocabulary; i++) {
                double deviation = Math.sqrt(draws * p[i] * (1 - p[i]));
                assertThat(drawn[i]).isCloseTo(draws * p[i], within(5 * deviation + 3));
            }
        });
    }

    private static double[] softmax(float[] logits, int at, int length) {
        double[] p = new double[length];
        double sum = 0;
        for (int i = 0; i < length; i++) {
            p[i] = Math.exp(logits[at + i]);
            sum += p[i];
        }
        for (int i = 0; i < length; i++) {
            p[i] /= sum;
        }
        return p;
    }

    @Test
    void tilesThreadsAndOtherTokensDoNotMatter() throws IOException {
        int[] lengths = {100, 1, 90, 70};
        double[][][] results = new double[3][][];
        float[][] gradients = new float[3][];
        for (int run = 0; run < 3; run++) {
            int number = run;
            with(lengths, 1 + 2 * run, (network, head, states) -> {
                HiddenStates gradient = HiddenStates.inHeap(lengths, network.width());
                // The last run leaves most tokens out: those left are in other rows of other tiles.
                TokenWeights weights = (chunk, position) -> number == 2 && chunk != 3 ? 0 : 1;
                results[number] = head.fisher(states, gradient, 77, weights, null, null);
                gradients[number] = new float[261 * network.width()];
                gradient.read(0, 0, 261, gradients[number], 0);
            });
        }
        assertThat(results[1]).isDeepEqualTo(results[0]);
        assertThat(gradients[1]).isEqualTo(gradients[0]);
        assertThat(results[2][3]).isEqualTo(results[0][3]);
        assertThat(results[2][0]).containsOnly(0);
        assertThat(gradients[2][0]).isZero();
        assertThat(gradients[2][gradients[2].length - 1]).isEqualTo(gradients[0][gradients[0].length - 1]);
    }

    @Test
    void aDistributionDoesNotDivergeFromItself() throws IOException {
        with(new int[] {30}, 2, (network, head, states) -> {
            HiddenStates gradient = HiddenStates.inHeap(states.lengths(), states.width());
            double[][] divergences =
                    head.divergence(head.logits(states), states, gradient, TokenWeights.ONES, null, null);
            for (double divergence : divergences[0]) {
                assertThat(divergence).isCloseTo(0, within(1e-9));
            }
            float[] values = new float[30 * network.width()];
            gradient.read(0, 0, 30, values, 0);
            assertThat(values).containsOnly(0f);
        });
    }
}
