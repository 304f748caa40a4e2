package org.kvant.codec;

/** Statistics of a group of values, in ggml's order of operations. */
public final class Groups {

    private Groups() {}

    /** The first value of the largest magnitude, with its sign; 0 if all are 0. */
    public static float extreme(float[] x, int xo, int n) {
        float amax = 0;
        float max = 0;
        for (int i = xo; i < xo + n; i++) {
            float ax = Math.abs(x[i]);
            if (ax > amax) {
                amax = ax;
                max = x[i];
            }
        }
        return max;
    }

    /** The sum of squares, added in order in single precision. */
    public static float sumOfSquares(float[] x, int xo, int n) {
        float sum = 0;
        for (int i = xo; i < xo + n; i++) {
            sum += x[i] * x[i];
        }
        return sum;
    }

    static float sum(float[] x, int xo, int n) {
        float sum = 0;
        for (int i = xo; i < xo + n; i++) {
            sum += x[i];
        }
        return sum;
    }

    /** The weight of each value: its column's importance times {@code sqrt(sigma2 + x²)}. */
    static void weights(float[] x, int xo, int n, float[] importance, int io, float sigma2, float[] weights) {
        for (int i = 0; i < n; i++) {
            float v = x[xo + i];
            weights[i] = importance[io + i] * sqrt(sigma2 + v * v);
        }
    }

    /** {@code sqrtf}: rounding the double root once more gives the correctly rounded single root. */
    static float sqrt(float v) {
        return (float) Math.sqrt(v);
    }
}
