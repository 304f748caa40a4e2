package org.kvant.codec;

/** Q8_0: candidate scales put the largest value that counts on a level around the last one, and are then refitted. */
final class Q80Fit implements BlockFit {

    private static final int BLOCK = 32;
    private static final int FIRST_LEVEL = 116;
    private static final int LAST_LEVEL = 132;

    private final byte[] codes = new byte[BLOCK];

    @Override
    public boolean encode(float[] x, int xo, float[] weights, byte[] y, int yo) {
        float max = 0;
        for (int i = 0; i < BLOCK; i++) {
            max = weights[i] > 0 ? Math.max(max, Math.abs(x[xo + i])) : max;
        }
        float best = Float.POSITIVE_INFINITY;
        float chosen = 0;
        for (int level = FIRST_LEVEL; level <= LAST_LEVEL; level++) {
            float d = refit(x, xo, weights, max / level);
            float error = round(x, xo, weights, d);
            if (error < best) {
                best = error;
                chosen = d;
            }
        }
        if (chosen == 0) {
            return false;
        }
        round(x, xo, weights, chosen);
        Half.put(y, yo, chosen);
        System.arraycopy(codes, 0, y, yo + 2, BLOCK);
        return true;
    }

    /** The scale, as stored, that fits best to the codes of a scale. */
    private float refit(float[] x, int xo, float[] weights, float d) {
        round(x, xo, weights, d);
        float qx = 0;
        float q2 = 0;
        for (int i = 0; i < BLOCK; i++) {
            float wq = weights[i] * codes[i];
            qx += wq * x[xo + i];
            q2 += wq * codes[i];
        }
        float fitted = Float.float16ToFloat(Float.floatToFloat16(qx / q2));
        return Float.isFinite(fitted) ? fitted : 0;
    }

    private float round(float[] x, int xo, float[] weights, float d) {
        float id = 1 / d;
        float error = 0;
        for (int i = 0; i < BLOCK; i++) {
            int q = Math.clamp((int) Math.rint(x[xo + i] * id), -128, 127);
            codes[i] = (byte) q;
            float diff = x[xo + i] - q * d;
            error += weights[i] * diff * diff;
        }
        return error;
    }
}
