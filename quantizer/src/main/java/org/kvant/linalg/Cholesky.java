package org.kvant.linalg;

import java.util.Arrays;
import org.kvant.linalg.DoubleProducts.Block;

/**
 * The factor L of a symmetric positive definite matrix A = L·Lᵀ, and inverses, in double precision, block by block (Golub
 * and Van Loan, "Matrix Computations", 4.2). Matrices are row-major and square. Immutable once made; thread-safe.
 */
public final class Cholesky {
    private static final int BLOCK = 64;

    private final int size;
    private final double[] factor;
    private final DoubleProducts products;
    private final Workers workers;

    private Cholesky(int size, double[] factor, DoubleProducts products, Workers workers) {
        this.size = size;
        this.factor = factor;
        this.products = products;
        this.workers = workers;
    }

    /**
     * Factors a matrix of which only the lower triangle is read; the array becomes the factor's.
     *
     * @throws NotPositiveDefiniteException if it is not positive definite; the array is spoilt then
     */
    public static Cholesky of(int size, double[] matrix, Workers workers) throws NotPositiveDefiniteException {
        return of(size, matrix, workers, Kernels.doubles());
    }

    static Cholesky of(int size, double[] matrix, Workers workers, DoubleKernel kernel)
            throws NotPositiveDefiniteException {
        if (size < 0 || matrix.length != (long) size * size) {
            throw new IllegalArgumentException(matrix.length + " values are not a matrix of " + size + " × " + size);
        }
        Cholesky cholesky = new Cholesky(size, matrix, new DoubleProducts(workers, kernel), workers);
        cholesky.decompose();
        return cholesky;
    }

    private void decompose() throws NotPositiveDefiniteException {
        for (int start = 0; start < size; start += BLOCK) {
            int end = Math.min(size, start + BLOCK);
            diagonal(start, end);
            int from = start;
            workers.forRanges(size - end, 8, (first, last) -> {
                for (int row = end + first; row < end + last; row++) {
                    below(row, from, end);
                }
            });
            Block panel = new Block(factor, size, end, start);
            Block rest = new Block(factor, size, end, end);
            products.subtract(false, true, size - end, size - end, end - start, panel, panel, rest, true);
        }
        for (int row = 0; row < size; row++) {
            Arrays.fill(factor, row * size + row + 1, (row + 1) * size, 0);
        }
    }

    private void diagonal(int start, int end) throws NotPositiveDefiniteException {
        for (int i = start; i < end; i++) {
            for (int j = start; j <= i; j++) {
                double sum = factor[i * size + j] - dot(i, j, start, j);
                if (i == j) {
                    if (!(sum > 0) || sum == Double.POSITIVE_INFINITY) {
                        throw new NotPositiveDefiniteException(i, sum);
                    }
                    factor[i * size + i] = Math.sqrt(sum);
                } else {
                    factor[i * size + j] = sum / factor[j * size + j];
                }
            }
        }
    }

    /** A row below the diagonal block: solved against the block's transpose. */
    private void below(int row, int start, int end) {
        for (int j = start; j < end; j++) {
            factor[row * size + j] = (factor[row * size + j] - dot(row, j, start, j)) / factor[j * size + j];
        }
    }

    private double dot(int row, int other, int from, int to) {
        double even = 0;
        double odd = 0;
        int k = from;
        for (; k + 1 < to; k += 2) {
            even += factor[row * size + k] * factor[other * size + k];
            odd += factor[row * size + k + 1] * factor[other * size + k + 1];
        }
        return k < to ? even + odd + factor[row * size + k] * factor[other * size + k] : even + odd;
    }

    /** Number of rows. */
    public int size() {
        return size;
    }

    /** L, with zeros above the diagonal. */
    public double[] lower() {
        return factor.clone();
    }

    /** L⁻¹, with zeros above the diagonal. */
    public double[] inverseLower() {
        double[] inverse = new double[factor.length];
        for (int start = 0; start < size; start += BLOCK) {
            int end = Math.min(size, start + BLOCK);
            int rows = end - start;
            // L⁻¹'s rows of this block: D⁻¹ · (I − L's rows · L⁻¹ so far), where D is the diagonal block.
            for (int from = 0; from < start; from += BLOCK) {
                Block left = new Block(factor, size, start, from);
                Block right = new Block(inverse, size, from, 0);
                products.subtract(
                        false,
                        false,
                        rows,
                        from + BLOCK,
                        BLOCK,
                        left,
                        right,
                        new Block(inverse, size, start, 0),
                        false);
            }
            for (int row = start; row < end; row++) {
                inverse[row * size + row] = 1;
            }
            int first = start;
            workers.forRanges(end, 64, (fromColumn, toColumn) -> {
                for (int row = first; row < end; row++) {
                    for (int k = first; k < row; k++) {
                        double l = factor[row * size + k];
                        for (int j = fromColumn; j < toColumn; j++) {
                            inverse[row * size + j] -= l * inverse[k * size + j];
                        }
                    }
                    double scale = 1 / factor[row * size + row];
                    for (int j = fromColumn; j < toColumn; j++) {
                        inverse[row * size + j] *= scale;
                    }
                }
            });
        }
        return inverse;
    }

    /** A⁻¹ = L⁻ᵀ·L⁻¹, both triangles. */
    public double[] inverse() {
        double[] lower = inverseLower();
        double[] inverse = new double[factor.length];
        for (int start = 0; start < size; start += BLOCK) {
            int depth = Math.min(BLOCK, size - start);
            int width = start + depth;
            Block rows = new Block(lower, size, start, 0);
            products.subtract(true, false, width, width, depth, rows, rows, new Block(inverse, size, 0, 0), true);
        }
        for (int row = 0; row < size; row++) {
            for (int column = 0; column <= row; column++) {
                double value = -inverse[row * size + column];
                inverse[row * size + column] = value;
                inverse[column * size + row] = value;
            }
        }
        return inverse;
    }
}
