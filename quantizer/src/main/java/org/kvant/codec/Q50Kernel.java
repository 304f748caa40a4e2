package org.kvant.codec;

import java.util.Arrays;

/** Q5_0: 32 values {@code (q − 16) · d}, {@code d | fifth bits | q[0..15] low nibbles, q[16..31] high nibbles}. */
public final class Q50Kernel implements BlockKernel {

    public static final int BLOCK = 32;
    public static final int BYTES = 22;

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        byte[] codes = new byte[BLOCK];
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            float d = Groups.extreme(x, xo, BLOCK) / -16;
            Half.put(y, yo, d);
            float id = d != 0 ? 1 / d : 0;
            if (Float.isInfinite(id)) {
                // ggml converts the infinities and NaNs that follow from a denormal scale to 0.
                Arrays.fill(y, yo + 2, yo + BYTES, (byte) 0);
                continue;
            }
            for (int j = 0; j < BLOCK; j++) {
                codes[j] = (byte) Math.min(31, (int) (x[xo + j] * id + 16.5f));
            }
            Nibbles.packFifthBits(codes, 0, y, yo + 2);
            Nibbles.pack(codes, 0, y, yo + 6);
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
            float sigma2 = Groups.sumOfSquares(x, xo, columns) / columns;
            for (int column = 0; column < columns; column += BLOCK, xo += BLOCK, yo += BYTES) {
                Groups.weights(x, xo, BLOCK, importance, column, sigma2, weights);
                Half.put(y, yo, ScaleSearch.signed(BLOCK, 16, x, xo, codes, 0, weights, 0));
                Nibbles.packFifthBits(codes, 0, y, yo + 2);
                Nibbles.pack(codes, 0, y, yo + 6);
            }
        }
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            float d = Half.get(y, yo);
            int fifth = Nibbles.fifthBits(y, yo + 2);
            for (int j = 0; j < 16; j++) {
                int q = y[yo + 6 + j];
                x[xo + j] = ((q & 0xf | (fifth >> j & 1) << 4) - 16) * d;
                x[xo + 16 + j] = ((q >> 4 & 0xf | (fifth >> j + 16 & 1) << 4) - 16) * d;
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {0};
    }
}
