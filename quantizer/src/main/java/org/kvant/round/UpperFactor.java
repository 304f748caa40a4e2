package org.kvant.round;

import org.jspecify.annotations.Nullable;

/**
 * {@code H = L D Lᵀ} with L unit upper triangular. Then {@code e H eᵀ = Σ D_j (e_j + Σ_{k<j} e_k L_kj)²}: rounding column after
 * column, the errors made so far move the target of column j by {@code Σ e_k L_kj}, and what is left is weighted by D_j. This is
 * LDLQ (Chee et al. 2023, equation 4); D_j equals GPTQ's {@code 1 / U_jj²} with U the upper Cholesky factor of the inverse of H,
 * which need not be computed.
 *
 * @param upper L; what is below the diagonal is undefined
 * @param weights D
 */
record UpperFactor(float[][] upper, float[] weights) {

    /** Columns eliminated at a time. */
    private static final int BLOCK = 64;

    private static final int ROW_TILE = 16;

    private static final int ATTEMPTS = 8;

    static UpperFactor of(float[][] h, double damping, int threads) {
        double more = 0;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            @Nullable UpperFactor factor = attempt(h, (float) more, threads);
            if (factor != null) {
                return factor;
            }
            more = more == 0 ? 9 * damping : 10 * more;
        }
        throw new RoundException("the Hessian of " + h.length
                + " columns is not positive semidefinite: it cannot be factored even with damping " + more / 10);
    }

    private static @Nullable UpperFactor attempt(float[][] h, float more, int threads) {
        int n = h.length;
        float[][] r = new float[n][];
        for (int i = 0; i < n; i++) {
            r[i] = h[i].clone();
            r[i][i] += more;
        }
        double[] diagonal = new double[n];
        for (int blocks = (n + BLOCK - 1) / BLOCK; blocks > 0; blocks--) {
            int start = (blocks - 1) * BLOCK;
            int end = Math.min(n, blocks * BLOCK);
            if (!factorBlock(r, start, end, diagonal)) {
                return null;
            }
            int width = end - start;
            float[][] transposed = new float[width][start];
            Tiles.run(start, ROW_TILE, threads, (from, to) -> {
                for (int i = from; i < to; i++) {
                    solve(r, i, start, end, diagonal);
                    for (int t = 0; t < width; t++) {
                        transposed[t][i] = r[i][start + t];
                    }
                }
            });
            Tiles.run(start, ROW_TILE, threads, (from, to) -> {
                int[] indices = new int[width];
                float[] factors = new float[width];
                for (int i = from; i < to; i++) {
                    for (int t = 0; t < width; t++) {
                        indices[t] = t;
                        factors[t] = -r[i][start + t];
                    }
                    RowUpdate.add(r[i], transposed, indices, factors, width, i, start);
                }
            });
        }
        float[] inverse = new float[n];
        float[] weights = new float[n];
        for (int j = 0; j < n; j++) {
            inverse[j] = (float) (1 / diagonal[j]);
            weights[j] = (float) (diagonal[j] * diagonal[j]);
        }
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                r[i][j] *= inverse[j];
            }
        }
        return new UpperFactor(r, weights);
    }

    /** Factors the diagonal block into {@code R Rᵀ}, R upper, last column first; false if a pivot is not positive. */
    private static boolean factorBlock(float[][] r, int start, int end, double[] diagonal) {
        for (int j = end - 1; j >= start; j--) {
            double pivot = r[j][j];
            for (int t = j + 1; t < end; t++) {
                pivot -= (double) r[j][t] * r[j][t];
            }
            // Below what single precision can tell from zero, the factor would be noise.
            if (!(pivot > 1e-6)) {
                return false;
            }
            diagonal[j] = Math.sqrt(pivot);
            r[j][j] = (float) diagonal[j];
            for (int i = start; i < j; i++) {
                double v = r[i][j];
                for (int t = j + 1; t < end; t++) {
                    v -= (double) r[i][t] * r[j][t];
                }
                r[i][j] = (float) (v / diagonal[j]);
            }
        }
        return true;
    }

    /** Row i of the block column: {@code x Rᵀ = a}. */
    private static void solve(float[][] r, int i, int start, int end, double[] diagonal) {
        float[] x = r[i];
        for (int j = end - 1; j >= start; j--) {
            float[] row = r[j];
            double v = x[j];
            for (int t = j + 1; t < end; t++) {
                v -= (double) x[t] * row[t];
            }
            x[j] = (float) (v / diagonal[j]);
        }
    }

    /**
     * The inverses of L's diagonal blocks: row j holds what stands in the columns of its block, upper triangular. What columns that
     * are still free give way by, if the error so far moves their targets by s, is s times this: a free column that gives way moves
     * the targets after it, too.
     */
    float[][] blockInverses(int block) {
        int n = weights.length;
        float[][] inverses = new float[n][];
        for (int j = n - 1; j >= 0; j--) {
            int start = j / block * block;
            int end = Math.min(n, start + block);
            double[] row = new double[block];
            row[j - start] = 1;
            // The inverse's row j is the unit row less L_jk times the inverse's row k, for the k after j.
            for (int k = j + 1; k < end; k++) {
                double factor = upper[j][k];
                for (int i = k - start; i < end - start; i++) {
                    row[i] -= factor * inverses[k][i];
                }
            }
            inverses[j] = new float[block];
            for (int i = 0; i < block; i++) {
                inverses[j][i] = (float) row[i];
            }
        }
        return inverses;
    }
}
