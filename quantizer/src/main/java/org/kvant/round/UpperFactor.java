package org.kvant.round;

import org.jspecify.annotations.Nullable;
import org.kvant.round.PackedMatrix.LeftPanels;

/**
 * {@code H = L D Lᵀ} with L unit upper triangular. Then {@code e H eᵀ = Σ D_j (e_j + Σ_{k<j} e_k L_kj)²}: rounding column after
 * column, the errors made so far move the target of column j by {@code Σ e_k L_kj}, and what is left is weighted by D_j. This is
 * LDLQ (Chee et al. 2023, equation 4); D_j equals GPTQ's {@code 1 / U_jj²} with U the upper Cholesky factor of the inverse of H,
 * which need not be computed.
 *
 * @param upper L
 * @param blocks of each row of L, the columns of its diagonal block of {@link PackedMatrix#BLOCK}
 * @param weights D
 */
record UpperFactor(PackedMatrix upper, float[][] blocks, float[] weights) {

    /** Columns eliminated at a time. */
    private static final int STRIP = PackedMatrix.STRIP;

    /** Rows that one task takes. */
    private static final int TILE = 24;

    private static final int ATTEMPTS = 8;

    /** Below that, of a mean diagonal of 1, single precision cannot tell a pivot from zero. */
    private static final double SMALLEST_PIVOT = 1e-6;

    /** @param damping what the diagonal holds of it already; ten times as much is tried where the matrix cannot be factored */
    static UpperFactor of(PackedMatrix h, double damping, int threads) {
        double more = 0;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            @Nullable UpperFactor factor = new Attempt(h, (float) more, threads).factor();
            if (factor != null) {
                return factor;
            }
            more = more == 0 ? 9 * damping : 10 * more;
        }
        throw new RoundException("the Hessian of " + h.size()
                + " columns is not positive semidefinite: it cannot be factored even with damping " + more / 10);
    }

    /** {@code H = R Rᵀ} with R upper triangular, strip by strip from the last column on. */
    private static final class Attempt {
        private final int n;
        private final int stride;
        private final int threads;
        private final float[] r;
        private final double[] diagonal;

        Attempt(PackedMatrix h, float more, int threads) {
            this.n = h.size();
            this.stride = PackedMatrix.stride(n);
            this.threads = threads;
            // Tiles reach beyond the last row.
            this.r = new float[(n + TILE) * stride];
            this.diagonal = new double[n];
            for (int i = 0; i < n; i++) {
                for (int j = i; j < n; j++) {
                    r[i * stride + j] = h.get(i, j);
                }
                r[i * stride + i] += more;
            }
        }

        @Nullable
        UpperFactor factor() {
            for (int strips = (n + STRIP - 1) / STRIP; strips > 0; strips--) {
                int start = (strips - 1) * STRIP;
                int end = Math.min(n, start + STRIP);
                if (!diagonalBlock(start, end)) {
                    return null;
                }
                // A matrix of one strip: the transpose of R's columns.
                PackedMatrix transposed = new PackedMatrix(start, end - start);
                Tiles.run(start, TILE, threads, (from, to) -> {
                    for (int i = from; i < to; i++) {
                        solve(i, start, end);
                        for (int t = start; t < end; t++) {
                            transposed.set(t - start, i, r[i * stride + t]);
                        }
                    }
                });
                Tiles.run(start, TILE, threads, (from, to) -> {
                    LeftPanels left = new LeftPanels(to - from);
                    for (int i = from; i < to; i++) {
                        for (int t = start; t < end; t++) {
                            left.set(i - from, t - start, -r[i * stride + t]);
                        }
                    }
                    transposed.addProduct(0, left, r, from * stride, stride, from, start);
                });
            }
            return scaled();
        }

        /** False if a pivot is not positive. */
        private boolean diagonalBlock(int start, int end) {
            for (int j = end - 1; j >= start; j--) {
                double pivot = r[j * stride + j];
                for (int t = j + 1; t < end; t++) {
                    pivot -= (double) r[j * stride + t] * r[j * stride + t];
                }
                if (!(pivot > SMALLEST_PIVOT)) {
                    return false;
                }
                diagonal[j] = Math.sqrt(pivot);
                for (int i = start; i < j; i++) {
                    double v = r[i * stride + j];
                    for (int t = j + 1; t < end; t++) {
                        v -= (double) r[i * stride + t] * r[j * stride + t];
                    }
                    r[i * stride + j] = (float) (v / diagonal[j]);
                }
            }
            return true;
        }

        /** Row i of the block column: {@code x Rᵀ = a}. */
        private void solve(int i, int start, int end) {
            for (int j = end - 1; j >= start; j--) {
                double v = r[i * stride + j];
                for (int t = j + 1; t < end; t++) {
                    v -= (double) r[i * stride + t] * r[j * stride + t];
                }
                r[i * stride + j] = (float) (v / diagonal[j]);
            }
        }

        private UpperFactor scaled() {
            PackedMatrix upper = new PackedMatrix(n);
            float[] weights = new float[n];
            for (int j = 0; j < n; j++) {
                weights[j] = (float) (diagonal[j] * diagonal[j]);
            }
            for (int i = 0; i < n; i++) {
                upper.set(i, i, 1);
                for (int j = i + 1; j < n; j++) {
                    upper.set(i, j, (float) (r[i * stride + j] / diagonal[j]));
                }
            }
            return new UpperFactor(upper, upper.diagonalBlocks(), weights);
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
                double factor = blocks[j][k % PackedMatrix.BLOCK];
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
