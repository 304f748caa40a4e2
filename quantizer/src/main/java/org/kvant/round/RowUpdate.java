package org.kvant.round;

/**
 * Sums of scaled rows, where nearly all the time of rounding goes. Rows are arrays of their own, all indexed alike: only then does
 * the compiler use vector instructions.
 */
final class RowUpdate {

    private RowUpdate() {}

    /** {@code y[i] += sum over k of factors[k] · rows[indices[k]][i]} for i in [from, to). */
    static void add(float[] y, float[][] rows, int[] indices, float[] factors, int count, int from, int to) {
        if (from >= to) {
            return;
        }
        int k = 0;
        for (; k + 8 <= count; k += 8) {
            add8(y, rows, indices, factors, k, from, to);
        }
        for (; k + 4 <= count; k += 4) {
            add4(
                    y,
                    rows[indices[k]],
                    rows[indices[k + 1]],
                    rows[indices[k + 2]],
                    rows[indices[k + 3]],
                    factors[k],
                    factors[k + 1],
                    factors[k + 2],
                    factors[k + 3],
                    from,
                    to);
        }
        for (; k < count; k++) {
            add1(y, rows[indices[k]], factors[k], from, to);
        }
    }

    private static void add8(float[] y, float[][] rows, int[] indices, float[] factors, int k, int from, int to) {
        float[] r0 = rows[indices[k]];
        float[] r1 = rows[indices[k + 1]];
        float[] r2 = rows[indices[k + 2]];
        float[] r3 = rows[indices[k + 3]];
        float[] r4 = rows[indices[k + 4]];
        float[] r5 = rows[indices[k + 5]];
        float[] r6 = rows[indices[k + 6]];
        float[] r7 = rows[indices[k + 7]];
        float f0 = factors[k];
        float f1 = factors[k + 1];
        float f2 = factors[k + 2];
        float f3 = factors[k + 3];
        float f4 = factors[k + 4];
        float f5 = factors[k + 5];
        float f6 = factors[k + 6];
        float f7 = factors[k + 7];
        for (int i = from; i < to; i++) {
            y[i] += (f0 * r0[i] + f1 * r1[i] + (f2 * r2[i] + f3 * r3[i]))
                    + (f4 * r4[i] + f5 * r5[i] + (f6 * r6[i] + f7 * r7[i]));
        }
    }

    private static void add4(
            float[] y,
            float[] r0,
            float[] r1,
            float[] r2,
            float[] r3,
            float f0,
            float f1,
            float f2,
            float f3,
            int from,
            int to) {
        for (int i = from; i < to; i++) {
            y[i] += f0 * r0[i] + f1 * r1[i] + (f2 * r2[i] + f3 * r3[i]);
        }
    }

    /** {@code y[i] += factor · row[i]} for i in [from, to). */
    static void add1(float[] y, float[] row, float factor, int from, int to) {
        for (int i = from; i < to; i++) {
            y[i] += factor * row[i];
        }
    }

    /** The sum of {@code a[i] · b[i]}, in double precision. */
    static double dot(float[] a, float[] b, int from, int to) {
        double s0 = 0;
        double s1 = 0;
        int i = from;
        for (; i + 1 < to; i += 2) {
            s0 += (double) a[i] * b[i];
            s1 += (double) a[i + 1] * b[i + 1];
        }
        return i < to ? s0 + s1 + (double) a[i] * b[i] : s0 + s1;
    }
}
