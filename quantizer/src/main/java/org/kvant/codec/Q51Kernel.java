package org.kvant.codec;

import java.util.Arrays;

/** Q5_1: 32 values {@code q · d + m}, {@code d | m | fifth bits | q[0..15] low nibbles, q[16..31] high nibbles}. */
public final class Q51Kernel implements BlockKernel {

    public static final int BLOCK = 32;
    public static final int BYTES = 24;
    private static final int MAX_CODE = 31;

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        byte[] codes = new byte[BLOCK];
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            float min = Float.MAX_VALUE;
            float max = -Float.MAX_VALUE;
            for (int j = 0; j < BLOCK; j++) {
                float v = x[xo + j];
                min = v < min ? v : min;
                max = v > max ? v : max;
            }
            float d = (max - min) / MAX_CODE;
            Half.put(y, yo, d);
            Half.put(y, yo + 2, min);
            float id = d != 0 ? 1 / d : 0;
            if (id == Float.POSITIVE_INFINITY) {
                // ggml converts the infinities and NaNs that follow from a denormal scale to 0.
                Arrays.fill(y, yo + 4, yo + BYTES, (byte) 0);
                continue;
            }
            for (int j = 0; j < BLOCK; j++) {
                codes[j] = (byte) (int) ((x[xo + j] - min) * id + 0.5f);
            }
            Nibbles.packFifthBits(codes, 0, y, yo + 4);
            Nibbles.pack(codes, 0, y, yo + 8);
        }
    }

    @Override
    public boolean weighted() {
        return true;
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        float[] weights = new float[BLOCK];
        float[] scratch = new float[BLOCK];
        float[] min = new float[1];
        byte[] codes = new byte[BLOCK];
        for (int row = 0; row < rows; row++) {
            float sigma2 = Groups.sumOfSquares(x, xo, columns) / columns;
            for (int column = 0; column < columns; column += BLOCK, xo += BLOCK, yo += BYTES) {
                Groups.weights(x, xo, BLOCK, importance, column, sigma2, weights);
                Half.put(y, yo, Formats.Q5_1.search(x, xo, weights, scratch, codes, 0, min, 0));
                Half.put(y, yo + 2, -min[0]);
                Nibbles.packFifthBits(codes, 0, y, yo + 4);
                Nibbles.pack(codes, 0, y, yo + 8);
            }
        }
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            float d = Half.get(y, yo);
            float m = Half.get(y, yo + 2);
            int fifth = Nibbles.fifthBits(y, yo + 4);
            for (int j = 0; j < 16; j++) {
                int q = y[yo + 8 + j];
                x[xo + j] = (q & 0xf | (fifth >> j & 1) << 4) * d + m;
                x[xo + 16 + j] = (q >> 4 & 0xf | (fifth >> j + 16 & 1) << 4) * d + m;
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {0, 2};
    }
}
