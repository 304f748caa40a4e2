package org.kvant.codec;

import java.util.function.IntToDoubleFunction;

/** MXFP4 and NVFP4: tries the scales around the one that the largest value that counts asks for. */
final class Fp4Fit implements BlockFit {

    private final Fp4.Format format;
    private final IntToDoubleFunction scales;
    private final int below;
    private final int above;
    private final int largestCode;
    private final float[] counted;
    private final byte[] own;

    /**
     * @param scales what multiplies the doubled values of {@link Fp4}, by the code of a scale
     * @param below codes tried below the first
     * @param above codes tried above the first
     * @param largestCode the largest to try
     */
    Fp4Fit(Fp4.Format format, IntToDoubleFunction scales, int below, int above, int largestCode) {
        this.format = format;
        this.scales = scales;
        this.below = below;
        this.above = above;
        this.largestCode = largestCode;
        this.counted = new float[2 * format.half()];
        this.own = new byte[format.bytes()];
    }

    static Fp4Fit mxfp4() {
        return new Fp4Fit(Formats.MXFP4, code -> Mxfp4Kernel.scale((byte) code), 3, 1, 254);
    }

    /** Below the codes of the exponent that ggml's encoder passes over. */
    static Fp4Fit nvfp4() {
        return new Fp4Fit(Formats.NVFP4, Nvfp4Kernel::scale, 18, 6, 0x77);
    }

    @Override
    public boolean encode(float[] x, int xo, float[] weights, byte[] y, int yo) {
        int n = 2 * format.half();
        for (int g = 0; g < format.groups(); g++) {
            int from = xo + n * g;
            for (int i = 0; i < n; i++) {
                counted[i] = weights[n * g + i] > 0 ? x[from + i] : 0;
            }
            format.putScale(counted, 0, own, 0, g);
            int first = own[g] & 0xff;
            int chosen = first;
            float best = Float.POSITIVE_INFINITY;
            for (int code = Math.max(1, first - below); code <= Math.min(first + above, largestCode); code++) {
                float error = error(x, from, weights, n * g, n, (float) scales.applyAsDouble(code));
                if (error < best) {
                    best = error;
                    chosen = code;
                }
            }
            y[yo + g] = (byte) chosen;
            float scale = (float) scales.applyAsDouble(chosen);
            Fp4.encode(x, from, format.half(), scale, y, yo + format.codes() + format.half() * g);
        }
        return true;
    }

    private static float error(float[] x, int xo, float[] weights, int wo, int n, float scale) {
        float inverse = 1 / scale;
        float error = 0;
        for (int i = 0; i < n; i++) {
            float v = Math.abs(x[xo + i]);
            float diff = v - scale * level(v * inverse);
            error += weights[wo + i] * diff * diff;
        }
        return error;
    }

    /** The nearest of 0, 1, 2, 3, 4, 6, 8 and 12. */
    private static float level(float v) {
        return v < 3.5f ? (float) Math.rint(v) : v < 5 ? 4 : v < 7 ? 6 : v < 10 ? 8 : 12;
    }
}
