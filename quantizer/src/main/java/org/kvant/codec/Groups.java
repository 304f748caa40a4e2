package org.kvant.codec;

/** Statistics of a group of values, in ggml's order of operations. */
public final class Groups {

    private Groups() {}

    /** The first value of the largest magnitude, with its sign; 0 if all are 0. */
    public static float extreme(float[] x, int xo, int n) {
        // Finding the place afterwards is faster than keeping it on the way, where every new record is a mispredicted
        // branch.
        int largest = largestMagnitude(x, xo, n);
        if (largest == 0) {
            return 0;
        }
        int place = xo;
        while (magnitude(x[place]) != largest) {
            place++;
        }
        return x[place];
    }

    /** The largest magnitude of an even number of values, as float bits, which order like the magnitudes. */
    static int largestMagnitude(float[] x, int xo, int n) {
        int even = 0;
        int odd = 0;
        for (int i = xo; i < xo + n; i += 2) {
            even = Math.max(even, magnitude(x[i]));
            odd = Math.max(odd, magnitude(x[i + 1]));
        }
        return Math.max(even, odd);
    }

    private static int magnitude(float v) {
        return Float.floatToRawIntBits(v) & 0x7fffffff;
    }

    /** The sum of squares, added in order in single precision. */
    public static float sumOfSquares(float[] x, int xo, int n) {
        float sum = 0;
        for (int i = xo; i < xo + n; i++) {
            sum += x[i] * x[i];
        }
        return sum;
    }

    /** The largest of the values above 0, or 0. */
    static float max(float[] x, int xo, int n) {
        float max = 0;
        for (int i = xo; i < xo + n; i++) {
            max = x[i] > max ? x[i] : max;
        }
        return max;
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
    public static float sqrt(float v) {
        return (float) Math.sqrt(v);
    }
}
