package org.kvant.evaluate;

import java.util.Arrays;

/**
 * Sums over one row of logits, in double precision. A scorer has scratch memory: one thread at a time.
 *
 * <p>The exponential is a polynomial over e^(x/64), squared six times: relative error below 1e-9, and unlike {@link Math#exp} the compiler
 * turns the loop into vector instructions. The loops are split in stages of one block because it does so only for short loops over arrays
 * of one element size.
 */
final class RowScorer {
    private static final int BLOCK = 512;

    /** Where e^x is taken as zero: 1e-26 of the largest term. */
    private static final float LOWEST = -60f;

    /** Logits lower than this below the largest count as this: minus infinity means a forbidden token. */
    private static final float FORBIDDEN = -1000f;

    /** The Taylor series is around the middle of [-60/64, 0]. */
    private static final double CENTRE = 0.47;

    private static final double E0 = Math.exp(-CENTRE);
    private static final double C2 = E0 / 2;
    private static final double C3 = E0 / 6;
    private static final double C4 = E0 / 24;
    private static final double C5 = E0 / 120;
    private static final double C6 = E0 / 720;
    private static final double C7 = E0 / 5_040;
    private static final double C8 = E0 / 40_320;
    private static final double C9 = E0 / 362_880;
    private static final double C10 = E0 / 3_628_800;

    private final double[] arguments = new double[BLOCK];
    private final double[] differences = new double[BLOCK];
    private final double[] sums = new double[BLOCK];
    private final double[] products = new double[BLOCK];

    /** The largest of the first {@code n} logits; NaN if one is NaN. */
    static float max(float[] row, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, row[i]);
        }
        return max;
    }

    /** Index of the first logit that equals {@code max}. */
    static int indexOf(float[] row, int n, float max) {
        for (int i = 0; i < n; i++) {
            if (row[i] == max) {
                return i;
            }
        }
        throw new IllegalArgumentException(max + " is not in the row");
    }

    /** ln Σ e^logit. */
    double logSumExp(float[] row, int n, float max) {
        Arrays.fill(sums, 0);
        for (int from = 0; from < n; from += BLOCK) {
            int length = Math.min(BLOCK, n - from);
            stage(row, from, max, length);
            addExp(length);
        }
        return max + Math.log(total(sums));
    }

    /**
     * KL(reference ‖ candidate) = Σ p (ln p - ln q) of two rows, in nats. Rounding may not make it negative.
     *
     * @param referenceLse {@link #logSumExp} of {@code reference}
     * @param candidateLse {@link #logSumExp} of {@code candidate}
     */
    double divergence(
            float[] reference,
            float referenceMax,
            double referenceLse,
            float[] candidate,
            float candidateMax,
            double candidateLse,
            int n) {
        Arrays.fill(sums, 0);
        Arrays.fill(products, 0);
        for (int from = 0; from < n; from += BLOCK) {
            int length = Math.min(BLOCK, n - from);
            stage(reference, from, referenceMax, length);
            subtract(reference, referenceMax + FORBIDDEN, candidate, candidateMax + FORBIDDEN, from, length);
            addExpAndProduct(length);
        }
        return Math.max(0, total(products) / total(sums) - (referenceLse - candidateLse));
    }

    private void stage(float[] row, int from, float max, int length) {
        float lowest = max + LOWEST;
        double shift = max;
        for (int i = 0; i < length; i++) {
            arguments[i] = (double) Math.max(row[from + i], lowest) - shift;
        }
    }

    private void subtract(float[] a, float lowestA, float[] b, float lowestB, int from, int length) {
        for (int i = 0; i < length; i++) {
            differences[i] = (double) Math.max(a[from + i], lowestA) - (double) Math.max(b[from + i], lowestB);
        }
    }

    private void addExp(int length) {
        for (int i = 0; i < length; i++) {
            double y = arguments[i] * (1.0 / 64) + CENTRE;
            double e = ((((((((((C10 * y + C9) * y + C8) * y + C7) * y + C6) * y + C5) * y + C4) * y + C3) * y + C2) * y
                                    + E0)
                            * y
                    + E0);
            e *= e;
            e *= e;
            e *= e;
            e *= e;
            e *= e;
            e *= e;
            sums[i] += e;
        }
    }

    private void addExpAndProduct(int length) {
        for (int i = 0; i < length; i++) {
            double y = arguments[i] * (1.0 / 64) + CENTRE;
            double e = ((((((((((C10 * y + C9) * y + C8) * y + C7) * y + C6) * y + C5) * y + C4) * y + C3) * y + C2) * y
                                    + E0)
                            * y
                    + E0);
            e *= e;
            e *= e;
            e *= e;
            e *= e;
            e *= e;
            e *= e;
            sums[i] += e;
            products[i] += e * differences[i];
        }
    }

    private static double total(double[] parts) {
        double total = 0;
        for (double part : parts) {
            total += part;
        }
        return total;
    }
}
