package org.kvant.codec;

/** Q1_0: 128 signs of one magnitude, the mean, {@code d | bits[16]}. */
final class Q10Kernel implements BlockKernel {

    private static final int BLOCK = 128;
    private static final int BYTES = 18;

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            float sum = 0;
            for (int j = 0; j < BLOCK; j++) {
                sum += Math.abs(x[xo + j]);
            }
            Half.put(y, yo, sum / BLOCK);
            putSigns(x, xo, y, yo);
        }
    }

    static void putSigns(float[] x, int xo, byte[] y, int yo) {
        for (int j = 0; j < BLOCK / 8; j++) {
            int bits = 0;
            for (int k = 0; k < 8; k++) {
                bits |= x[xo + 8 * j + k] >= 0 ? 1 << k : 0;
            }
            y[yo + 2 + j] = (byte) bits;
        }
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            float d = Half.get(y, yo);
            for (int j = 0; j < BLOCK; j++) {
                x[xo + j] = (y[yo + 2 + j / 8] >> j % 8 & 1) != 0 ? d : -d;
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {0};
    }
}
