package org.kvant.codec;

import org.jspecify.annotations.Nullable;

/** IQ4_NL: 32 values {@code d · table[q]} from a fixed table of 16, {@code d | q[0..15] low nibbles, q[16..31] high nibbles}. */
final class Iq4NlKernel implements BlockKernel {

    static final int BLOCK = 32;
    static final int BYTES = 18;

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        float[] weights = new float[BLOCK];
        byte[] codes = new byte[BLOCK];
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            encodeBlock(x, xo, null, 0, weights, codes, y, yo);
        }
    }

    @Override
    public boolean weighted() {
        return true;
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        float[] weights = new float[BLOCK];
        byte[] codes = new byte[BLOCK];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column += BLOCK, xo += BLOCK, yo += BYTES) {
                encodeBlock(x, xo, importance, column, weights, codes, y, yo);
            }
        }
    }

    private static void encodeBlock(
            float[] x, int xo, float @Nullable [] importance, int io, float[] weights, byte[] codes, byte[] y, int yo) {
        float sigma2 = Groups.sumOfSquares(x, xo, BLOCK) * (2f / BLOCK);
        float scale = NonLinear.scale(x, xo, importance, io, sigma2, weights);
        Half.put(y, yo, scale);
        NonLinear.codes(NonLinear.inverse(scale), x, xo, codes, 0);
        Nibbles.pack(codes, 0, y, yo + 2);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            NonLinear.decode(Half.get(y, yo), y, yo + 2, x, xo);
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {0};
    }
}
