package org.kvant.quantize;

import org.jspecify.annotations.Nullable;
import org.kvant.linalg.Cholesky;
import org.kvant.linalg.Matrices;
import org.kvant.linalg.NotPositiveDefiniteException;

/**
 * Weights that give, on the inputs of the quantized model, nearly the outputs that the model's own weights gave on its own inputs:
 * {@code W − W C (Ĥ + λ mean(diag Ĥ) I)⁻¹} with the sums of {@link SequentialSums}. The ridge λ is what serves held-out tokens best.
 */
record CorrectedWeights(MatrixSource weights, float[] map, Matrices matrices) implements MatrixSource {
    private static final double[] RIDGES = {0.03, 0.3, 3};
    private static final int SAMPLED_ROWS = 64;

    /** The corrected weights, or the weights themselves if no correction serves the held-out tokens. */
    static MatrixSource of(MatrixSource weights, SequentialSums.Sum sum, Matrices matrices) {
        if (sum.crossTraining == null || sum.crossHeld == null) {
            return weights;
        }
        int n = sum.columns;
        int rows = (int) Math.min(SAMPLED_ROWS, weights.rows());
        float[] sample = weights.sample(rows);
        float[] wanted = new float[rows * n];
        matrices.multiply(false, false, rows, n, n, sample, sum.crossHeld, wanted);
        float @Nullable [] best = null;
        double least = 0;
        for (double ridge : RIDGES) {
            float[] map = map(sum, sum.crossTraining, ridge, matrices);
            if (map == null) {
                continue;
            }
            float[] change = new float[rows * n];
            matrices.multiply(false, false, rows, n, n, -1, sample, 0, n, map, 0, n, 0, change, 0, n);
            float[] bent = new float[rows * n];
            matrices.multiply(false, false, rows, n, n, change, sum.held, bent);
            double loss = 0;
            for (int i = 0; i < change.length; i++) {
                loss += change[i] * ((double) bent[i] + 2.0 * wanted[i]);
            }
            if (loss < least) {
                least = loss;
                best = map;
            }
        }
        return best == null ? weights : new CorrectedWeights(weights, best, matrices);
    }

    private static float @Nullable [] map(SequentialSums.Sum sum, float[] cross, double ridge, Matrices matrices) {
        int n = sum.columns;
        double[] square = new double[n * n];
        double trace = 0;
        for (int i = 0; i < n; i++) {
            trace += sum.training[i * n + i];
        }
        for (int i = 0; i < square.length; i++) {
            square[i] = sum.training[i];
        }
        for (int i = 0; i < n; i++) {
            square[i * n + i] += ridge * trace / n;
        }
        double[] inverse;
        try {
            inverse = Cholesky.of(n, square, matrices.workers()).inverse();
        } catch (NotPositiveDefiniteException e) {
            return null;
        }
        float[] single = new float[n * n];
        for (int i = 0; i < single.length; i++) {
            single[i] = (float) inverse[i];
        }
        float[] map = new float[n * n];
        matrices.multiply(false, false, n, n, n, cross, single, map);
        return map;
    }

    @Override
    public long rows() {
        return weights.rows();
    }

    @Override
    public int columns() {
        return weights.columns();
    }

    @Override
    public float[] rows(long first, int count) {
        float[] values = weights.rows(first, count);
        int n = columns();
        float[] corrected = values.clone();
        matrices.multiply(false, false, count, n, n, -1, values, 0, n, map, 0, n, 1, corrected, 0, n);
        return corrected;
    }
}
