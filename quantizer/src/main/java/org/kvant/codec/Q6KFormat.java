package org.kvant.codec;

import java.util.Arrays;

/** Q6_K, a signed byte a scale: {@code low nibbles of the codes[128] | high pairs of the codes[64] | scales[16] | d}. */
final class Q6KFormat implements SignedFormat {

    private static final int HALF = 32;
    private static final int HIGH = 128;
    private static final int SCALES = 192;
    private static final int D = 208;

    @Override
    public int bytes() {
        return 210;
    }

    @Override
    public int half() {
        return HALF;
    }

    @Override
    public boolean plainByCode() {
        return false;
    }

    @Override
    public boolean sigmaWeighted() {
        return false;
    }

    @Override
    public boolean putScales(float[] scales, byte[] y, int yo) {
        float max = Groups.extreme(scales, 0, GROUPS);
        if (Math.abs(max) < Rounding.GROUP_MAX_EPS) {
            Arrays.fill(y, yo, yo + bytes(), (byte) 0);
            return false;
        }
        float inverse = -128 / max;
        Half.put(y, yo + D, 1 / inverse);
        for (int j = 0; j < GROUPS; j++) {
            y[yo + SCALES + j] = (byte) Math.min(127, Rounding.nearest(inverse * scales[j]));
        }
        return true;
    }

    @Override
    public boolean putScales(float[] scales, float[] sums, byte[] y, int yo) {
        return putScales(scales, y, yo);
    }

    @Override
    public float step(byte[] y, int yo, int j) {
        return Half.get(y, yo + D) * y[yo + SCALES + j];
    }

    @Override
    public void putCodes(byte[] codes, byte[] y, int yo) {
        SuperBlock.packSixBits(codes, 0, y, yo);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo) {
        for (int j = 0; j < GROUPS; j++) {
            float step = step(y, yo, j);
            int half = j / 8;
            int quarter = j / 2 % 4;
            int low = yo + 64 * half + 32 * (quarter % 2) + GROUP * (j % 2);
            int lowShift = quarter / 2 * 4;
            int high = yo + HIGH + 32 * half + GROUP * (j % 2);
            for (int l = 0; l < GROUP; l++) {
                int q = y[low + l] >> lowShift & 0xf | (y[high + l] >> 2 * quarter & 3) << 4;
                x[xo + GROUP * j + l] = step * (q - HALF);
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {D};
    }
}
