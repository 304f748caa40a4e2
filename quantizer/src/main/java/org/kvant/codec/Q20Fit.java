package org.kvant.codec;

/**
 * Q2_0, levels −1, 0, 1 and 2 of a scale of either sign: from scale infinity to 0 every value passes its levels at known
 * places, so that the fit of every assignment of levels there can be follows from the one before.
 */
final class Q20Fit implements BlockFit {

    private static final int BLOCK = 64;

    private final LevelOrder order = new LevelOrder(2 * BLOCK);
    private final byte[] codes = new byte[BLOCK];

    @Override
    public boolean encode(float[] x, int xo, float[] weights, byte[] y, int yo) {
        double up = search(x, xo, weights, 1);
        double upScore = score;
        double down = search(x, xo, weights, -1);
        float d = Float.float16ToFloat(Float.floatToFloat16((float) (upScore >= score ? up : -down)));
        for (int i = 0; i < BLOCK; i++) {
            float level = d == 0 ? 0 : x[xo + i] / d;
            codes[i] = (byte) (level < -0.5f ? 0 : level < 0.5f ? 1 : level < 1.5f ? 2 : 3);
        }
        Q20Kernel.put(codes, d, y, yo);
        return true;
    }

    /** By how much the best scale of the last search lessens the error. */
    private double score;

    /** The best positive scale for the values times sign. */
    private double search(float[] x, int xo, float[] weights, int sign) {
        int n = 0;
        for (int i = 0; i < BLOCK; i++) {
            float v = x[xo + i] * sign;
            // The scale below which the value leaves level 0, and for a positive one level 1.
            order.set(n++, 2 * Math.abs(v), i);
            if (v > 0) {
                order.set(n++, v / 1.5f, i | BLOCK);
            }
        }
        order.sort(n);
        double qx = 0;
        double q2 = 0;
        double best = 0;
        double d = 0;
        for (int j = n - 1; j >= 0; j--) {
            int i = order.item(j) % BLOCK;
            double w = weights[i];
            // From 0 to ±1 q·x grows by |x| and q² by 1; from 1 to 2 by x and 3.
            qx += w * Math.abs(x[xo + i]);
            q2 += order.item(j) < BLOCK ? w : 3 * w;
            if (q2 > 0 && qx * qx > best * q2) {
                d = qx / q2;
                best = d * qx;
            }
        }
        score = best;
        return d;
    }
}
