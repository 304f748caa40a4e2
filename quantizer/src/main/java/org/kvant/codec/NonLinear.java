package org.kvant.codec;

import org.jspecify.annotations.Nullable;

/** The 16 non-linear levels of IQ4_NL and IQ4_XS and the fit of a scale to them ({@code quantize_row_iq4_nl_impl}). */
public final class NonLinear {

    public static final int GROUP = 32;

    /** {@code kvalues_iq4nl} of ggml-common.h. */
    private static final float[] LEVELS = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /** Candidates on either side of the scale that maps the largest value to the lowest level. */
    public static final int TRIES = 7;

    private NonLinear() {}

    public static float level(int k) {
        return LEVELS[k];
    }

    /** What lies between level k and the next. */
    public static float gap(int k) {
        return LEVELS[k + 1] - LEVELS[k];
    }

    /** The middle of level k and the next. */
    public static float middle(int k) {
        return (LEVELS[k] + LEVELS[k + 1]) / 2;
    }

    /** The inverse of a scale, or 0. */
    public static float inverse(float scale) {
        return scale != 0 ? 1 / scale : 0;
    }

    /**
     * The scale of a group of 32 values.
     *
     * @param importance weights from {@code io} on, or null for weights of x²
     * @param weights scratch
     */
    static float scale(float[] x, int xo, float @Nullable [] importance, int io, float sigma2, float[] weights) {
        if (importance != null) {
            Groups.weights(x, xo, GROUP, importance, io, sigma2, weights);
        } else {
            for (int j = 0; j < GROUP; j++) {
                weights[j] = x[xo + j] * x[xo + j];
            }
        }
        float max = Groups.extreme(x, xo, GROUP);
        if (Math.abs(max) < Rounding.GROUP_MAX_EPS) {
            return 0;
        }
        float d = -max / LEVELS[0];
        float id = 1 / d;
        float sumqx = 0;
        float sumq2 = 0;
        for (int j = 0; j < GROUP; j++) {
            float v = x[xo + j];
            float q = LEVELS[nearest(id * v)];
            float w = weights[j];
            sumqx += w * q * v;
            sumq2 += w * q * q;
        }
        d = sumq2 > 0 ? sumqx / sumq2 : 0;
        float best = d * sumqx;
        for (int itry = -TRIES; itry <= TRIES; itry++) {
            id = (itry + LEVELS[0]) / max;
            sumqx = 0;
            sumq2 = 0;
            for (int j = 0; j < GROUP; j++) {
                float v = x[xo + j];
                float q = LEVELS[nearest(id * v)];
                float w = weights[j];
                sumqx += w * q * v;
                sumq2 += w * q * q;
            }
            if (sumq2 > 0 && sumqx * sumqx > best * sumq2) {
                d = sumqx / sumq2;
                best = d * sumqx;
            }
        }
        return d;
    }

    /** The codes under the inverse of a scale. */
    static void codes(float id, float[] x, int xo, byte[] codes, int co) {
        for (int j = 0; j < GROUP; j++) {
            codes[co + j] = (byte) nearest(id * x[xo + j]);
        }
    }

    static void decode(float d, byte[] y, int yo, float[] x, int xo) {
        for (int j = 0; j < 16; j++) {
            int q = y[yo + j];
            x[xo + j] = d * LEVELS[q & 0xf];
            x[xo + 16 + j] = d * LEVELS[q >> 4 & 0xf];
        }
    }

    /** {@code best_index_int8}: the lower of two levels only if it is strictly nearer; NaN goes the way of its comparisons. */
    private static int nearest(float v) {
        if (v <= LEVELS[0]) {
            return 0;
        }
        if (v >= LEVELS[15]) {
            return 15;
        }
        int low = 0;
        int high = 15;
        while (high - low > 1) {
            int middle = low + high >>> 1;
            if (v < LEVELS[middle]) {
                high = middle;
            } else {
                low = middle;
            }
        }
        return v - LEVELS[high - 1] < LEVELS[high] - v ? high - 1 : high;
    }
}
