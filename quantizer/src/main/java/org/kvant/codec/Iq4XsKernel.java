package org.kvant.codec;

import org.jspecify.annotations.Nullable;

/**
 * IQ4_XS: 8 groups of 32 values {@code d · (scale − 32) · table[q]}, six bits a scale:
 * {@code d | upper pairs of the scales[2] | low nibbles of the scales[4] | codes[128]}.
 */
public final class Iq4XsKernel implements BlockKernel {

    public static final int BYTES = 136;
    public static final int GROUP = 32;
    public static final int GROUPS = 8;
    public static final int CODES = 8;
    private static final int HIGH = 2;
    private static final int LOW = 4;

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        encodeRow(x, xo, y, yo, blocks, null);
    }

    @Override
    public boolean weighted() {
        return true;
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        int blocks = columns / SuperBlock.SIZE;
        for (int row = 0; row < rows; row++) {
            encodeRow(x, xo + row * columns, y, yo + row * blocks * BYTES, blocks, importance);
        }
    }

    private static void encodeRow(float[] x, int xo, byte[] y, int yo, int blocks, float @Nullable [] importance) {
        float[] weights = new float[GROUP];
        float[] scales = new float[GROUPS];
        float[] inverses = new float[GROUPS];
        byte[] codes = new byte[GROUP];
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += BYTES) {
            float sigma2 = Groups.sumOfSquares(x, xo, SuperBlock.SIZE) * (2f / SuperBlock.SIZE);
            for (int j = 0; j < GROUPS; j++) {
                int column = b * SuperBlock.SIZE + GROUP * j;
                scales[j] = NonLinear.scale(x, xo + GROUP * j, importance, column, sigma2, weights);
            }
            putScales(scales, 0, inverses, y, yo);
            for (int j = 0; j < GROUPS; j++) {
                NonLinear.codes(inverses[j], x, xo + GROUP * j, codes, 0);
                Nibbles.pack(codes, 0, y, yo + CODES + GROUP / 2 * j);
            }
        }
    }

    /** Rounds and stores the scales; {@code inverses} receives those of the rounded ones, by which codes are chosen. */
    public static void putScales(float[] scales, int so, float[] inverses, byte[] y, int yo) {
        float d = -Groups.extreme(scales, so, GROUPS) / 32;
        Half.put(y, yo, d);
        float id = NonLinear.inverse(d);
        int high = 0;
        for (int j = 0; j < GROUPS; j++) {
            int l = Rounding.clamp(Rounding.nearest(id * scales[so + j]), -32, 31);
            inverses[j] = NonLinear.inverse(d * l);
            int code = l + 32;
            y[yo + LOW + j / 2] = (byte) (j % 2 == 0 ? code & 0xf : y[yo + LOW + j / 2] | code << 4);
            high |= code >> 4 << 2 * j;
        }
        y[yo + HIGH] = (byte) high;
        y[yo + HIGH + 1] = (byte) (high >> 8);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += BYTES) {
            float d = Half.get(y, yo);
            int high = y[yo + HIGH] & 0xff | y[yo + HIGH + 1] << 8;
            for (int j = 0; j < GROUPS; j++) {
                int scale = y[yo + LOW + j / 2] >> 4 * (j % 2) & 0xf | (high >> 2 * j & 3) << 4;
                NonLinear.decode(d * (scale - 32), y, yo + CODES + GROUP / 2 * j, x, xo + GROUP * j);
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {0};
    }
}
