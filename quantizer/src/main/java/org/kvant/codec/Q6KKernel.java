package org.kvant.codec;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Q6_K: 16 groups of 16 values {@code d · scale · (q − 32)}, a signed byte a scale:
 * {@code low nibbles[128] | high pairs[64] | scales[16] | d}.
 */
public final class Q6KKernel implements BlockKernel {

    public static final int BYTES = 210;
    public static final int GROUP = 16;
    public static final int GROUPS = 16;
    public static final int HALF_CODES = 32;
    private static final int HIGH = 128;
    private static final int SCALES = 192;
    private static final int D = 208;

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        float[] scales = new float[GROUPS];
        byte[] codes = new byte[SuperBlock.SIZE];
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += BYTES) {
            encodeBlock(x, xo, null, 0, scales, codes, y, yo);
        }
    }

    @Override
    public boolean weighted() {
        return true;
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        float[] scales = new float[GROUPS];
        byte[] codes = new byte[SuperBlock.SIZE];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column += SuperBlock.SIZE, xo += SuperBlock.SIZE, yo += BYTES) {
                encodeBlock(x, xo, importance, column, scales, codes, y, yo);
            }
        }
    }

    private static void encodeBlock(
            float[] x, int xo, float @Nullable [] weights, int wo, float[] scales, byte[] codes, byte[] y, int yo) {
        for (int j = 0; j < GROUPS; j++) {
            int group = GROUP * j;
            scales[j] = ScaleSearch.signed(GROUP, HALF_CODES, x, xo + group, codes, group, weights, wo + group);
        }
        finish(x, xo, scales, 0, codes, y, yo);
    }

    /** Rounds the scales, then the codes to them. {@code codes} holds those that stay where a scale is zero. */
    public static void finish(float[] x, int xo, float[] scales, int so, byte[] codes, byte[] y, int yo) {
        float max = Groups.extreme(scales, so, GROUPS);
        if (Math.abs(max) < Rounding.GROUP_MAX_EPS) {
            Arrays.fill(y, yo, yo + BYTES, (byte) 0);
            return;
        }
        float inverse = -128 / max;
        float d = Half.put(y, yo + D, 1 / inverse);
        for (int j = 0; j < GROUPS; j++) {
            y[yo + SCALES + j] = (byte) Math.min(127, Rounding.nearest(inverse * scales[so + j]));
            float dl = d * y[yo + SCALES + j];
            if (dl != 0) {
                for (int i = GROUP * j; i < GROUP * (j + 1); i++) {
                    int l = Rounding.clamp(Rounding.nearest(x[xo + i] / dl), -HALF_CODES, HALF_CODES - 1);
                    codes[i] = (byte) (l + HALF_CODES);
                }
            }
        }
        SuperBlock.packSixBits(codes, 0, y, yo);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += BYTES) {
            float d = Half.get(y, yo + D);
            for (int j = 0; j < GROUPS; j++) {
                float dl = d * y[yo + SCALES + j];
                int half = j / 8;
                int quarter = j / 2 % 4;
                int low = yo + 64 * half + 32 * (quarter % 2) + GROUP * (j % 2);
                int lowShift = quarter / 2 * 4;
                int high = yo + HIGH + 32 * half + GROUP * (j % 2);
                for (int l = 0; l < GROUP; l++) {
                    int q = y[low + l] >> lowShift & 0xf | (y[high + l] >> 2 * quarter & 3) << 4;
                    x[xo + GROUP * j + l] = dl * (q - HALF_CODES);
                }
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {D};
    }
}
