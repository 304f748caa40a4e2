package org.kvant.codec;

import java.util.Arrays;

/** Q4_0: 32 values {@code (q − 8) · d}, {@code d | q[0..15] low nibbles, q[16..31] high nibbles}. */
public final class Q40Kernel implements BlockKernel {

    public static final int BLOCK = 32;
    public static final int BYTES = 18;

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            float d = Groups.extreme(x, xo, BLOCK) / -8;
            Half.put(y, yo, d);
            float id = d != 0 ? 1 / d : 0;
            if (Float.isInfinite(id)) {
                // ggml converts the infinities and NaNs that follow from a denormal scale to 0.
                Arrays.fill(y, yo + 2, yo + BYTES, (byte) 0);
                continue;
            }
            for (int j = 0; j < 16; j++) {
                int lo = Math.min(15, (int) (x[xo + j] * id + 8.5f));
                int hi = Math.min(15, (int) (x[xo + 16 + j] * id + 8.5f));
                y[yo + 2 + j] = (byte) (lo | hi << 4);
            }
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
                Half.put(y, yo, ScaleSearch.signed(BLOCK, 8, x, xo, codes, 0, weights, 0));
                Nibbles.pack(codes, 0, y, yo + 2);
            }
        }
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            float d = Half.get(y, yo);
            for (int j = 0; j < 16; j++) {
                int q = y[yo + 2 + j];
                x[xo + j] = ((q & 0xf) - 8) * d;
                x[xo + 16 + j] = ((q >> 4 & 0xf) - 8) * d;
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {0};
    }
}
