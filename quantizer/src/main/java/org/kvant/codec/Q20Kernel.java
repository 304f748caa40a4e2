package org.kvant.codec;

/** Q2_0: 64 values {@code (q − 1) · d} with d the largest magnitude, {@code d | 2-bit codes[16]}. */
final class Q20Kernel implements BlockKernel {

    private static final int BLOCK = 64;
    private static final int BYTES = 18;

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        byte[] codes = new byte[BLOCK];
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            float d = Float.intBitsToFloat(Groups.largestMagnitude(x, xo, BLOCK));
            float id = d > 0 ? 1 / d : 0;
            boolean overflow = id == Float.POSITIVE_INFINITY;
            for (int j = 0; j < BLOCK; j++) {
                // The infinities and NaNs of a denormal scale become ggml's smallest integer, and that code 0.
                int q = overflow ? 0 : Rounding.clamp(Rounding.halfAway(x[xo + j] * id) + 1, 0, 3);
                codes[j] = (byte) q;
            }
            put(codes, d, y, yo);
        }
    }

    static void put(byte[] codes, float d, byte[] y, int yo) {
        Half.put(y, yo, d);
        for (int j = 0; j < BLOCK / 4; j++) {
            y[yo + 2 + j] =
                    (byte) (codes[4 * j] | codes[4 * j + 1] << 2 | codes[4 * j + 2] << 4 | codes[4 * j + 3] << 6);
        }
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            float d = Half.get(y, yo);
            for (int j = 0; j < BLOCK; j++) {
                x[xo + j] = ((y[yo + 2 + j / 4] >> j % 4 * 2 & 3) - 1) * d;
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {0};
    }
}
