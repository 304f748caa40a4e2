package org.kvant.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kvant.linalg.Matrices;
import org.kvant.linalg.Workers;

/** On inputs that a known mixing has changed. */
class CorrectedWeightsTest {
    private static final int N = 24;
    private static final int ROWS = 10;
    private static final int TOKENS = 2000;

    private final Random random = new Random(Long.getLong("kvant.seed", 7));
    private final float[] weights = values(ROWS * N);

    private float[] values(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private MatrixSource source() {
        return new MatrixSource() {
            @Override
            public long rows() {
                return ROWS;
            }

            @Override
            public int columns() {
                return N;
            }

            @Override
            public float[] rows(long first, int count) {
                return Arrays.copyOfRange(weights, (int) first * N, ((int) first + count) * N);
            }
        };
    }

    /** Inputs, and what an earlier layer's error makes of them. */
    private record Inputs(float[] own, float[] changed) {}

    private static Inputs inputs(float[] own, float[] mixing, Matrices matrices) {
        float[] changed = own.clone();
        matrices.multiply(false, false, TOKENS, N, N, 1, own, 0, N, mixing, 0, N, 1, changed, 0, N);
        return new Inputs(own, changed);
    }

    private static void add(float[] square, float[] cross, Inputs inputs) {
        for (int t = 0; t < TOKENS; t++) {
            for (int i = 0; i < N; i++) {
                float x = inputs.changed[t * N + i];
                float error = x - inputs.own[t * N + i];
                for (int j = 0; j < N; j++) {
                    square[i * N + j] += x * inputs.changed[t * N + j] / TOKENS;
                    cross[i * N + j] += error * inputs.changed[t * N + j] / TOKENS;
                }
            }
        }
    }

    private double loss(MatrixSource matrix, Inputs inputs) {
        float[] rows = matrix.rows(0, ROWS);
        double sum = 0;
        for (int t = 0; t < TOKENS; t++) {
            for (int r = 0; r < ROWS; r++) {
                double difference = 0;
                for (int j = 0; j < N; j++) {
                    difference +=
                            rows[r * N + j] * inputs.changed[t * N + j] - weights[r * N + j] * inputs.own[t * N + j];
                }
                sum += difference * difference;
            }
        }
        return sum;
    }

    @Test
    void knownErrorsOfInputsAreMadeUpFor() {
        float[] mixing = values(N * N);
        for (int i = 0; i < mixing.length; i++) {
            mixing[i] *= 0.05f;
        }
        try (Workers workers = new Workers(2)) {
            Matrices matrices = new Matrices(workers);
            SequentialSums.Sum sum = new SequentialSums.Sum(N, true);
            Inputs training = inputs(values(TOKENS * N), mixing, matrices);
            Inputs held = inputs(values(TOKENS * N), mixing, matrices);
            add(sum.training, Objects.requireNonNull(sum.crossTraining), training);
            add(sum.held, Objects.requireNonNull(sum.crossHeld), held);
            MatrixSource corrected = CorrectedWeights.of(source(), sum, matrices);
            Inputs others = inputs(values(TOKENS * N), mixing, matrices);
            assertThat(loss(corrected, others)).isLessThan(0.05 * loss(source(), others));
        }
    }

    @Test
    void errorsThatHeldOutTokensDoNotShareAreLeft() {
        try (Workers workers = new Workers(1)) {
            Matrices matrices = new Matrices(workers);
            SequentialSums.Sum sum = new SequentialSums.Sum(N, true);
            float[] mixing = values(N * N);
            float[] opposite = mixing.clone();
            for (int i = 0; i < mixing.length; i++) {
                mixing[i] *= 0.05f;
                opposite[i] *= -0.05f;
            }
            add(sum.training, Objects.requireNonNull(sum.crossTraining), inputs(values(TOKENS * N), mixing, matrices));
            add(sum.held, Objects.requireNonNull(sum.crossHeld), inputs(values(TOKENS * N), opposite, matrices));
            MatrixSource plain = source();
            assertThat(CorrectedWeights.of(plain, sum, matrices)).isSameAs(plain);
        }
    }
}
