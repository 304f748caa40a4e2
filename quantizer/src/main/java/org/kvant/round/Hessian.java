package org.kvant.round;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The second moment H of a layer's inputs, damped and, when first needed, factored. One object serves every matrix that reads those
 * inputs. Thread-safe.
 *
 * <p>H is divided by the mean of its diagonal, so that no weighting overflows, and {@code damping} is added to the diagonal. The
 * losses that {@link MatrixRounder} reports are those of the damped matrix in H's own unit: {@code e (H + λ mean(diag H) I) eᵀ}. An
 * input that is always zero so keeps a weight, and its column is rounded plainly: it may fire elsewhere.
 */
public final class Hessian {

    /** A square of that many columns still fits one array. */
    private static final int MAX_COLUMNS = 46_000;

    private final PackedMatrix matrix;
    private final float[][] blocks;
    private final float[] diagonal;
    private final double unit;
    private final double damping;

    private @Nullable UpperFactor factor;
    private int @Nullable [] lastOrder;
    private @Nullable Hessian lastPermuted;

    private Hessian(PackedMatrix matrix, double unit, double damping) {
        this.matrix = matrix;
        this.blocks = matrix.diagonalBlocks();
        this.unit = unit;
        this.damping = damping;
        this.diagonal = new float[matrix.size()];
        for (int i = 0; i < diagonal.length; i++) {
            diagonal[i] = matrix.get(i, i);
        }
    }

    /**
     * @param h {@code columns × columns} values, row after row: symmetric, positive semidefinite up to rounding errors
     * @param damping see {@link RoundingOptions}
     * @throws RoundException if a value is not finite, the diagonal is negative somewhere or the matrix not symmetric
     */
    public static Hessian of(float[] h, int columns, double damping) {
        if (columns <= 0 || h.length != (long) columns * columns) {
            throw new RoundException("a Hessian of %d columns has %d values, not %d"
                    .formatted(columns, (long) columns * columns, h.length));
        }
        return of((i, j) -> h[i * columns + j], columns, damping);
    }

    /**
     * As {@link #of(float[], int, double)}, what is off the diagonal multiplied with {@code 1 − shrinkage}: with few tokens, correlations are
     * known worse than variances (Ledoit and Wolf 2004, towards the diagonal).
     *
     * @param shrinkage from 0 to 1
     */
    public static Hessian shrunk(float[] h, int columns, double shrinkage, double damping) {
        if (!(shrinkage >= 0 && shrinkage <= 1)) {
            throw new RoundException("shrinkage is " + shrinkage + "; it must be from 0 to 1");
        }
        if (columns <= 0 || h.length != (long) columns * columns) {
            throw new RoundException("a Hessian of %d columns has %d values, not %d"
                    .formatted(columns, (long) columns * columns, h.length));
        }
        float kept = (float) (1 - shrinkage);
        return of((i, j) -> i == j ? h[i * columns + j] : kept * h[i * columns + j], columns, damping);
    }

    /** As {@link #of(float[], int, double)}, from a row an array. */
    public static Hessian of(float[][] h, double damping) {
        for (int i = 0; i < h.length; i++) {
            if (h[i].length != h.length) {
                throw new RoundException(
                        "row %d of a Hessian of %d columns has %d values".formatted(i, h.length, h[i].length));
            }
        }
        return of((i, j) -> h[i][j], h.length, damping);
    }

    /** H of independent inputs: what an importance matrix knows. */
    public static Hessian ofDiagonal(float[] diagonal, double damping) {
        return of((i, j) -> i == j ? diagonal[i] : 0, diagonal.length, damping);
    }

    private interface Entries {
        float get(int i, int j);
    }

    private static Hessian of(Entries h, int n, double damping) {
        if (!(damping > 0) || damping > 1e6) {
            throw new RoundException("damping is " + damping + "; it must be positive");
        }
        if (n == 0 || n > MAX_COLUMNS) {
            throw new RoundException("a Hessian has %d columns; there may be 1 to %d".formatted(n, MAX_COLUMNS));
        }
        double trace = 0;
        for (int i = 0; i < n; i++) {
            check(h, i);
            trace += h.get(i, i);
        }
        double unit = trace > 0 ? trace / n : 1;
        PackedMatrix matrix = new PackedMatrix(n);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                float v = (float) (0.5 * ((double) h.get(i, j) + h.get(j, i)) / unit);
                matrix.set(i, j, v);
                matrix.set(j, i, v);
            }
            matrix.set(i, i, (float) (h.get(i, i) / unit) + (trace > 0 ? (float) damping : 1f));
        }
        return new Hessian(matrix, unit, damping);
    }

    private static void check(Entries h, int i) {
        float diagonal = h.get(i, i);
        if (!(diagonal >= 0) || diagonal == Float.POSITIVE_INFINITY) {
            throw new RoundException("the Hessian's diagonal is %s at column %d; it must be finite and not negative"
                    .formatted(diagonal, i));
        }
        for (int j = 0; j < i; j++) {
            float a = h.get(i, j);
            float b = h.get(j, i);
            double bound = Math.sqrt((double) diagonal * h.get(j, j));
            if (!Float.isFinite(a) || !Float.isFinite(b)) {
                throw new RoundException(
                        "the Hessian holds %s and %s at (%d, %d) and its mirror".formatted(a, b, i, j));
            }
            if (Math.abs((double) a - b) > 1e-3 * bound || Math.abs((double) a) > 1.01 * bound) {
                throw new RoundException(
                        "the matrix is no Hessian: (%d, %d) is %s, its mirror %s, the diagonal there %s and %s"
                                .formatted(i, j, a, b, diagonal, h.get(j, j)));
            }
        }
    }

    public int columns() {
        return matrix.size();
    }

    /** The damping that was asked for. */
    public double damping() {
        return damping;
    }

    /** What the matrix was divided by: losses are multiplied by it. */
    double unit() {
        return unit;
    }

    /** The damped matrix over {@link #unit()}. */
    PackedMatrix matrix() {
        return matrix;
    }

    /** Of each row of {@link #matrix()}, the columns of its diagonal block. */
    float[][] blocks() {
        return blocks;
    }

    /** The diagonal of {@link #matrix()}. */
    float[] diagonal() {
        return diagonal;
    }

    /** The factor, computed when first asked for; damping that proves too small for it is raised tenfold as often as needed. */
    synchronized UpperFactor factor(int threads) {
        if (factor == null) {
            factor = UpperFactor.of(matrix, damping, threads);
        }
        return factor;
    }

    /** This matrix with rows and columns in another order; the last one is kept. */
    synchronized Hessian permuted(int[] order) {
        if (lastPermuted != null && Arrays.equals(order, lastOrder)) {
            return lastPermuted;
        }
        int n = matrix.size();
        PackedMatrix result = new PackedMatrix(n);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                result.set(i, j, matrix.get(order[i], order[j]));
            }
        }
        lastOrder = order.clone();
        lastPermuted = new Hessian(result, unit, damping);
        return lastPermuted;
    }
}
