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

    private final float[][] rows;
    private final float[] diagonal;
    private final double unit;
    private final double damping;

    private @Nullable UpperFactor factor;
    private int @Nullable [] lastOrder;
    private @Nullable Hessian lastPermuted;

    private Hessian(float[][] rows, double unit, double damping) {
        this.rows = rows;
        this.unit = unit;
        this.damping = damping;
        this.diagonal = new float[rows.length];
        for (int i = 0; i < rows.length; i++) {
            diagonal[i] = rows[i][i];
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
        float[][] rows = new float[columns][];
        for (int i = 0; i < columns; i++) {
            rows[i] = Arrays.copyOfRange(h, i * columns, (i + 1) * columns);
        }
        return owned(rows, damping);
    }

    /** As {@link #of(float[], int, double)}, from a row an array; a copy is made. */
    public static Hessian of(float[][] h, double damping) {
        float[][] rows = new float[h.length][];
        for (int i = 0; i < h.length; i++) {
            if (h[i].length != h.length) {
                throw new RoundException(
                        "row %d of a Hessian of %d columns has %d values".formatted(i, h.length, h[i].length));
            }
            rows[i] = h[i].clone();
        }
        return owned(rows, damping);
    }

    /** H of independent inputs: what an importance matrix knows. */
    public static Hessian ofDiagonal(float[] diagonal, double damping) {
        float[][] rows = new float[diagonal.length][diagonal.length];
        for (int i = 0; i < diagonal.length; i++) {
            rows[i][i] = diagonal[i];
        }
        return owned(rows, damping);
    }

    private static Hessian owned(float[][] rows, double damping) {
        if (!(damping > 0) || damping > 1e6) {
            throw new RoundException("damping is " + damping + "; it must be positive");
        }
        int n = rows.length;
        if (n == 0) {
            throw new RoundException("a Hessian has no columns");
        }
        double trace = 0;
        for (int i = 0; i < n; i++) {
            check(rows, i);
            trace += rows[i][i];
        }
        double unit = trace > 0 ? trace / n : 1;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                float v = (float) (0.5 * ((double) rows[i][j] + rows[j][i]) / unit);
                rows[i][j] = v;
                rows[j][i] = v;
            }
            rows[i][i] += trace > 0 ? (float) damping : 1f;
        }
        return new Hessian(rows, unit, damping);
    }

    private static void check(float[][] rows, int i) {
        if (!(rows[i][i] >= 0) || rows[i][i] == Float.POSITIVE_INFINITY) {
            throw new RoundException("the Hessian's diagonal is %s at column %d; it must be finite and not negative"
                    .formatted(rows[i][i], i));
        }
        for (int j = 0; j < i; j++) {
            float a = rows[i][j];
            float b = rows[j][i];
            double bound = Math.sqrt((double) rows[i][i] * rows[j][j]);
            if (!Float.isFinite(a) || !Float.isFinite(b)) {
                throw new RoundException(
                        "the Hessian holds %s and %s at (%d, %d) and its mirror".formatted(a, b, i, j));
            }
            if (Math.abs((double) a - b) > 1e-3 * bound || Math.abs((double) a) > 1.01 * bound) {
                throw new RoundException(
                        "the matrix is no Hessian: (%d, %d) is %s, its mirror %s, the diagonal there %s and %s"
                                .formatted(i, j, a, b, rows[i][i], rows[j][j]));
            }
        }
    }

    public int columns() {
        return rows.length;
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
    float[][] rows() {
        return rows;
    }

    /** The diagonal of {@link #rows()}. */
    float[] diagonal() {
        return diagonal;
    }

    /** The factor, computed when first asked for; damping that proves too small for it is raised tenfold as often as needed. */
    synchronized UpperFactor factor(int threads) {
        if (factor == null) {
            factor = UpperFactor.of(rows, damping, threads);
        }
        return factor;
    }

    /** This matrix with rows and columns in another order; the last one is kept. */
    synchronized Hessian permuted(int[] order) {
        if (lastPermuted != null && Arrays.equals(order, lastOrder)) {
            return lastPermuted;
        }
        int n = rows.length;
        float[][] result = new float[n][n];
        for (int i = 0; i < n; i++) {
            float[] from = rows[order[i]];
            float[] to = result[i];
            for (int j = 0; j < n; j++) {
                to[j] = from[order[j]];
            }
        }
        lastOrder = order.clone();
        lastPermuted = new Hessian(result, unit, damping);
        return lastPermuted;
    }
}
