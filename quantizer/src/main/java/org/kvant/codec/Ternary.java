package org.kvant.codec;

/** What TQ1_0 and TQ2_0 share: 256 values of −d, 0 and d, with d the largest magnitude. */
final class Ternary {

    private Ternary() {}

    static float scale(float[] x, int xo) {
        return Float.intBitsToFloat(Groups.largestMagnitude(x, xo, SuperBlock.SIZE));
    }

    static float inverse(float d) {
        return d != 0 ? 1 / d : 0;
    }

    /** 0, 1 or 2. The infinities and NaNs of a denormal scale become the smallest long, whose successor's low half is 1. */
    static int code(float v, float inverse) {
        return inverse == Float.POSITIVE_INFINITY ? 1 : Rounding.halfAway(v * inverse) + 1;
    }
}
