package org.kvant.codec;

/** Q8_0: 32 signed bytes and their F16 scale, {@code d | q[32]}. */
final class Q80Kernel implements BlockKernel {

    static final int BLOCK = 32;
    static final int BYTES = 34;

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            float d = Float.intBitsToFloat(Groups.largestMagnitude(x, xo, BLOCK)) / 127;
            float id = d != 0 ? 1 / d : 0;
            Half.put(y, yo, d);
            // A denormal scale has an infinite inverse; ggml's float-to-byte conversion then gives 0.
            id = id == Float.POSITIVE_INFINITY ? 0 : id;
            for (int j = 0; j < BLOCK; j++) {
                y[yo + 2 + j] = (byte) Rounding.halfAway(x[xo + j] * id);
            }
        }
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            float d = Half.get(y, yo);
            for (int j = 0; j < BLOCK; j++) {
                x[xo + j] = y[yo + 2 + j] * d;
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {0};
    }
}
