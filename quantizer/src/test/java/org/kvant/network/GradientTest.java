package org.kvant.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kvant.gguf.GgufFile;
import org.kvant.linalg.Matrices;
import org.kvant.linalg.Workers;

/** Gradients of a divergence against central differences, for every tensor and for the states. */
class GradientTest {
    private static final int[] LENGTHS = {1, 9, 23};

    /** Relative to the derivative. */
    private static final double TOLERANCE = 2e-3;

    /** What the rounding of floats makes of the loss, which is a sum over all tokens. */
    private static final double ROUNDING = 2e-5;

    /** Changes of the loss that steps aim at: large ones bend, small ones drown in rounding. A wrong gradient agrees with none. */
    private static final double[] CHANGES = {0.1, 0.03, 0.3, 0.01, 0.003, 0.001};

    /** Steps change no tensor by more than this part of its length: where the loss is that flat, only rounding is left. */
    private static final double MAX_CHANGE = 0.1;

    @TempDir
    private static Path folder;

    @ParameterizedTest
    @EnumSource(Models.class)
    void gradientsAreThoseOfDifferences(Models model) throws IOException {
        Random random = Seed.random(model);
        Path file = model.write(folder.resolve(model + ".gguf"), Seed.VALUE);
        try (GgufFile gguf = GgufFile.open(file);
                Workers workers = new Workers(2)) {
            Network network = Network.of(gguf.metadata(), gguf.tensors());
            Map<String, float[]> weights = new HashMap<>();
            GgufWeights source = new GgufWeights(gguf, workers);
            gguf.tensors().forEach(t -> weights.put(t.name(), source.values(t.name())));
            Trial trial = new Trial(network, workers, weights, random);
            Map<String, float[]> gradients = trial.gradients();
            int checked = 0;
            for (String name : gradients.keySet()) {
                float[] values = trial.parameter(name);
                for (double share : new double[] {1, 0.1}) {
                    checked += check(name, values, gradients.get(name), share, random, trial) ? 1 : 0;
                }
            }
            assertThat(checked).isGreaterThan(gradients.size());
            assertThat(gradients.keySet()).containsAll(differentiable(network, weights));
        }
    }

    /** All but the embeddings as such, what stays fixed, and factors, which are part of a matrix here. */
    private static List<String> differentiable(Network network, Map<String, float[]> weights) {
        List<String> names = new ArrayList<>(weights.keySet());
        names.removeIf(name -> name.endsWith(".scale")
                || name.equals(TensorNames.ROPE_FACTORS)
                || (name.equals(TensorNames.EMBEDDING) && !network.tied()));
        return names;
    }

    /**
     * Checks the slope in a direction that follows the gradient in some of its elements.
     *
     * @return false if every step sent a token to another expert, where the loss jumps
     */
    private static boolean check(
            String name, float[] values, float[] gradient, double share, Random random, Trial trial) {
        float[] direction = new float[gradient.length];
        double slope = 0;
        for (int i = 0; i < direction.length; i++) {
            direction[i] = random.nextDouble() < share ? gradient[i] * 2 * random.nextFloat() : 0;
            slope += (double) gradient[i] * direction[i];
        }
        if (slope == 0) {
            return false; // nothing was drawn, or an expert that no token goes to
        }
        double maxStep = MAX_CHANGE * length(values) / length(direction);
        StringBuilder tried = new StringBuilder();
        boolean smooth = false;
        for (double change : CHANGES) {
            double step = Math.min(maxStep, change / slope);
            double measured = slope(values, direction, step, trial);
            if (Double.isNaN(measured)) {
                continue;
            }
            smooth = true;
            if (Math.abs(measured - slope) < TOLERANCE * slope + ROUNDING / step) {
                return true;
            }
            tried.append(' ').append(measured);
        }
        assertThat(smooth)
                .as("%s: the gradient says %s, differences%s", name, slope, tried)
                .isFalse();
        return false;
    }

    private static double length(float[] vector) {
        double sum = 0;
        for (float value : vector) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }

    /** Central differences of two steps, extrapolated so that the third derivative cancels; NaN where the loss jumps. */
    private static double slope(float[] values, float[] direction, double step, Trial trial) {
        return (4 * difference(values, direction, step / 2, trial) - difference(values, direction, step, trial)) / 3;
    }

    private static double difference(float[] values, float[] direction, double step, Trial trial) {
        float[] original = values.clone();
        double[] losses = new double[2];
        trial.loss();
        int routes = trial.routes;
        boolean jumps = false;
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (original[i] + (side == 0 ? step : -step) * direction[i]);
            }
            losses[side] = trial.loss();
            jumps |= trial.routes != routes;
        }
        System.arraycopy(original, 0, values, 0, values.length);
        return jumps ? Double.NaN : (losses[0] - losses[1]) / (2 * step);
    }

    /** A network with changeable weights and input states, and a loss. */
    private static final class Trial {
        private static final String INPUT = "the input";

        private final Network network;
        private final NetworkRunner runner;
        private final Matrices matrices;
        private final Map<String, float[]> weights;
        private final float[] input;
        private final float[][] target;

        /** A hash of which tokens went to which experts in the last {@link #loss}. */
        private int routes;

        Trial(Network network, Workers workers, Map<String, float[]> weights, Random random) {
            this.network = network;
            this.runner = new NetworkRunner(network, workers);
            this.matrices = new Matrices(workers);
            this.weights = weights;
            int tokens = Arrays.stream(LENGTHS).sum();
            this.target = new float[tokens][network.vocabulary()];
            for (float[] row : target) {
                for (int i = 0; i < row.length; i++) {
                    row[i] = (float) (2 * random.nextGaussian());
                }
            }
            int[][] chunks = Arrays.stream(LENGTHS)
                    .mapToObj(n -> random.ints(n, 0, network.vocabulary()).toArray())
                    .toArray(int[][]::new);
            this.input = new float[tokens * network.width()];
            runner.embed(chunks, this::tensor).read(0, 0, tokens, input, 0);
        }

        private float[] tensor(String name) {
            float[] values = weights.get(name);
            assertThat(values).as(name).isNotNull();
            return values;
        }

        float[] parameter(String name) {
            return name.equals(INPUT) ? input : tensor(name);
        }

        private HiddenStates states() {
            HiddenStates states = HiddenStates.inHeap(LENGTHS, network.width());
            states.write(0, 0, (int) states.tokens(), input, 0);
            return states;
        }

        private void reference(Rows rows, float[] logits) {
            for (int i = 0; i < rows.count(); i++) {
                int token = rows.position()[i];
                for (int c = 0; c < rows.chunk()[i]; c++) {
                    token += LENGTHS[c];
                }
                System.arraycopy(target[token], 0, logits, i * network.vocabulary(), network.vocabulary());
            }
        }

        /** Some tokens count twice, some not at all. */
        private static float weight(int chunk, int position) {
            return position % 3 == 1 ? 2 : position % 5 == 4 ? 0 : 1;
        }

        double loss() {
            HiddenStates states = states();
            routes = 0;
            LinearTap tap = (linear, expert, rows, x, g) -> {
                routes = 31 * routes + 7 * expert + rows.count();
                for (int i = 0; i < rows.count(); i++) {
                    routes = 31 * routes + 101 * rows.chunk()[i] + rows.position()[i];
                }
            };
            for (int layer = 0; layer < network.layers(); layer++) {
                runner.forward(layer, this::tensor, states, tap);
            }
            double[][] divergences =
                    new Head(runner, this::tensor).divergence(this::reference, states, null, Trial::weight, null, null);
            double sum = 0;
            for (int chunk = 0; chunk < divergences.length; chunk++) {
                for (int position = 0; position < divergences[chunk].length; position++) {
                    sum += weight(chunk, position) * divergences[chunk][position];
                }
            }
            return sum;
        }

        /** By a pass forward and back: of matrices from what the taps are shown. */
        Map<String, float[]> gradients() {
            Map<String, float[]> gradients = new HashMap<>();
            VectorGradients vectors = new VectorGradients();
            LinearTap tap = (linear, expert, rows, x, g) -> {
                int size = linear.rows() * linear.columns();
                float[] sum = gradients.computeIfAbsent(linear.tensor(), n -> new float[size * linear.experts()]);
                assertThat(g).isNotNull();
                matrices.multiply(
                        true,
                        false,
                        linear.rows(),
                        linear.columns(),
                        rows.count(),
                        scale(linear),
                        g,
                        0,
                        linear.rows(),
                        x,
                        0,
                        linear.columns(),
                        1,
                        sum,
                        expert * size,
                        linear.columns());
            };
            HiddenStates states = states();
            List<HiddenStates> inputs = new ArrayList<>();
            for (int layer = 0; layer < network.layers(); layer++) {
                inputs.add(states.copy());
                runner.forward(layer, this::tensor, states, null);
            }
            HiddenStates gradient = HiddenStates.inHeap(LENGTHS, network.width());
            new Head(runner, this::tensor).divergence(this::reference, states, gradient, Trial::weight, tap, vectors);
            for (int layer = network.layers() - 1; layer >= 0; layer--) {
                runner.backward(layer, this::tensor, inputs.get(layer), gradient, tap, vectors);
            }
            vectors.sums().forEach((name, sum) -> {
                float[] floats = new float[sum.length];
                for (int i = 0; i < sum.length; i++) {
                    floats[i] = (float) sum[i];
                }
                gradients.put(name, floats);
            });
            float[] inputGradient = new float[input.length];
            gradient.read(0, 0, (int) gradient.tokens(), inputGradient, 0);
            gradients.put(INPUT, inputGradient);
            return gradients;
        }

        /** What a tap is shown belongs to the matrix times its factor. */
        private float scale(Linear linear) {
            float[] scale = weights.get(TensorNames.scale(linear.tensor()));
            return scale == null ? 1 : scale[0];
        }
    }
}
