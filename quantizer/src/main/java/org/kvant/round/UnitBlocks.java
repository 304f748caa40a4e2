package org.kvant.round;

/**
 * The diagonal blocks of eight columns of a symmetric matrix, row after row, and their inverses.
 *
 * @param blocks 64 values of each unit
 * @param inverses likewise
 * @param diagonals the blocks' diagonals, in one row
 */
record UnitBlocks(float[][] blocks, float[][] inverses, float[] diagonals) {

    private static final int N = UnitSearch.UNIT;

    /** @param rows of each row of the matrix the columns of its diagonal block of {@link PackedMatrix#BLOCK} */
    static UnitBlocks of(float[][] rows) {
        float[][] blocks = new float[rows.length / N][N * N];
        for (int u = 0; u < blocks.length; u++) {
            for (int i = 0; i < N; i++) {
                System.arraycopy(rows[u * N + i], u * N % PackedMatrix.BLOCK, blocks[u], i * N, N);
            }
        }
        return ofBlocks(blocks);
    }

    /** {@code L D Lᵀ} of each unit's own columns: the loss of a unit's errors in its targets, all later columns giving way. */
    static UnitBlocks conditional(UpperFactor factor) {
        float[][] blocks = new float[factor.weights().length / N][N * N];
        for (int u = 0; u < blocks.length; u++) {
            int first = u * N;
            int local = first % PackedMatrix.BLOCK;
            for (int i = 0; i < N; i++) {
                for (int j = i; j < N; j++) {
                    double sum = 0;
                    for (int k = j; k < N; k++) {
                        sum += (double) factor.blocks()[first + i][local + k]
                                * factor.weights()[first + k]
                                * factor.blocks()[first + j][local + k];
                    }
                    blocks[u][i * N + j] = (float) sum;
                    blocks[u][j * N + i] = (float) sum;
                }
            }
        }
        return ofBlocks(blocks);
    }

    private static UnitBlocks ofBlocks(float[][] blocks) {
        float[][] inverses = new float[blocks.length][];
        float[] diagonals = new float[blocks.length * N];
        for (int u = 0; u < blocks.length; u++) {
            inverses[u] = inverse(blocks[u]);
            for (int i = 0; i < N; i++) {
                diagonals[u * N + i] = blocks[u][i * (N + 1)];
            }
        }
        return new UnitBlocks(blocks, inverses, diagonals);
    }

    /** By elimination; damping has made the block positive definite. */
    private static float[] inverse(float[] block) {
        double[][] a = new double[N][2 * N];
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                a[i][j] = block[i * N + j];
            }
            a[i][N + i] = 1;
        }
        for (int i = 0; i < N; i++) {
            double pivot = a[i][i];
            for (int j = 0; j < 2 * N; j++) {
                a[i][j] /= pivot;
            }
            for (int k = 0; k < N; k++) {
                double factor = a[k][i];
                for (int j = 0; k != i && j < 2 * N; j++) {
                    a[k][j] -= factor * a[i][j];
                }
            }
        }
        float[] inverse = new float[N * N];
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                inverse[i * N + j] = (float) a[i][N + j];
            }
        }
        return inverse;
    }

    /** {@code e B eᵀ} of unit u. */
    float quadratic(int u, float[] e) {
        float[] block = blocks[u];
        float sum = 0;
        for (int i = 0; i < N; i++) {
            float row = 0.5f * block[i * N + i] * e[i];
            for (int j = i + 1; j < N; j++) {
                row += block[i * N + j] * e[j];
            }
            sum += 2 * row * e[i];
        }
        return sum;
    }
}
