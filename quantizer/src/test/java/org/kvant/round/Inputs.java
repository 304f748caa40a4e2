package org.kvant.round;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;

/** Weights and second moments for tests. */
final class Inputs {

    private Inputs() {}

    /** Normal values with some outliers. */
    static float[] weights(Random r, int n) {
        float[] w = new float[n];
        for (int i = 0; i < n; i++) {
            w[i] = (float) (r.nextGaussian() * (r.nextInt(100) == 0 ? 0.1 : 0.02));
        }
        return w;
    }

    /** The second moment of correlated inputs of uneven size: a quarter as many directions as columns, and noise. */
    static float[] correlated(Random r, int n) {
        int directions = Math.max(1, n / 4);
        double[][] mix = new double[directions][n];
        for (int i = 0; i < directions; i++) {
            for (int j = 0; j < n; j++) {
                mix[i][j] = r.nextGaussian() / Math.sqrt(1 + 0.3 * i);
            }
        }
        double[] size = new double[n];
        for (int j = 0; j < n; j++) {
            size[j] = Math.exp(0.5 * r.nextGaussian());
        }
        float[] h = new float[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = i == j ? 0.5 : 0;
                for (double[] direction : mix) {
                    sum += direction[i] * direction[j];
                }
                h[i * n + j] = (float) (size[i] * size[j] * sum);
                h[j * n + i] = h[i * n + j];
            }
        }
        return h;
    }

    /** {@code e H eᵀ} of one row in double precision, H damped as {@link Hessian} does. */
    static double loss(float[] w, float[] values, int row, int n, float[] h, double damping) {
        double trace = 0;
        for (int i = 0; i < n; i++) {
            trace += h[i * n + i];
        }
        double more = trace > 0 ? damping * trace / n : 1;
        double loss = 0;
        for (int i = 0; i < n; i++) {
            double ei = (double) w[row * n + i] - values[row * n + i];
            loss += more * ei * ei;
            for (int j = 0; j < n; j++) {
                loss += ei * h[i * n + j] * ((double) w[row * n + j] - values[row * n + j]);
            }
        }
        return loss;
    }

    /** Equal, but for the sign of zero. */
    static void assertSame(String what, float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            if (actual[i] != expected[i]) {
                assertThat(actual[i])
                        .as("%s, element %d, -Dkvant.seed=%d", what, i, Seed.VALUE)
                        .isEqualTo(expected[i]);
            }
        }
    }
}
