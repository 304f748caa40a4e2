package org.kvant.codec;

/** ggml's ways of turning a float into an integer. */
public final class Rounding {

    /** 1.5 · 2^23: adding it moves a small integer part into the lowest mantissa bits, rounded to nearest even. */
    public static final float MAGIC = 12582912f;

    /** Groups whose largest magnitude is below this count as zero (GROUP_MAX_EPS). */
    public static final float GROUP_MAX_EPS = 1e-15f;

    /** The largest float below one half. */
    private static final float BELOW_HALF = 0.49999997f;

    private Rounding() {}

    /**
     * {@code nearest_int}: half to even for |v| < 2^22; beyond, NaN and infinity included, the same bits that ggml gets.
     */
    public static int nearest(float v) {
        return (Float.floatToRawIntBits(v + MAGIC) & 0x007fffff) - 0x00400000;
    }

    /** {@code roundf}: half away from zero, for |v| < 2^22. Adding just less than one half keeps 0.49999997 at 0. */
    public static int halfAway(float v) {
        return (int) (v + Math.copySign(BELOW_HALF, v));
    }

    /** {@code MAX(low, MIN(high, v))}. */
    public static int clamp(int v, int low, int high) {
        return Math.max(low, Math.min(high, v));
    }
}
