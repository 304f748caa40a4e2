package org.kvant.codec;

/**
 * Q3_K: 16 groups of 16 values {@code d · (scale − 32) · (q − 4)}, six bits a scale:
 * {@code high bits of the codes[32] | low pairs of the codes[64] | scales[12] | d}.
 */
public final class Q3KKernel implements BlockKernel {

    public static final int BYTES = 110;
    public static final int GROUP = 16;
    public static final int GROUPS = 16;
    private static final int HALF_CODES = 4;
    private static final int HALF_SCALES = 32;
    private static final int CODES = 32;
    private static final int SCALES = 96;
    private static final int D = 108;

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        float[] scales = new float[GROUPS];
        byte[] codes = new byte[SuperBlock.SIZE];
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += BYTES) {
            for (int j = 0; j < GROUPS; j++) {
                scales[j] = ScaleSearch.signedByCode(GROUP, HALF_CODES, x, xo + GROUP * j, codes, GROUP * j);
            }
            finish(x, xo, scales, 0, codes, y, yo);
        }
    }

    /** Rounds the scales, then the codes to them. {@code codes} holds those that stay where a scale is zero. */
    public static void finish(float[] x, int xo, float[] scales, int so, byte[] codes, byte[] y, int yo) {
        float max = Groups.extreme(scales, so, GROUPS);
        byte[] scaleCodes = new byte[GROUPS];
        float d = 0;
        if (max != 0) {
            float inverse = -HALF_SCALES / max;
            for (int j = 0; j < GROUPS; j++) {
                byte l = (byte) Rounding.nearest(inverse * scales[so + j]);
                scaleCodes[j] = (byte) (Rounding.clamp(l, -HALF_SCALES, HALF_SCALES - 1) + HALF_SCALES);
            }
            d = 1 / inverse;
        }
        requantize(x, xo, d, scaleCodes, codes, y, yo);
    }

    private static void requantize(float[] x, int xo, float scale, byte[] scaleCodes, byte[] codes, byte[] y, int yo) {
        packScales(scaleCodes, y, yo + SCALES);
        float d = Half.put(y, yo + D, scale);
        for (int j = 0; j < GROUPS; j++) {
            float dl = d * (scale(y, yo + SCALES, j) - HALF_SCALES);
            if (dl != 0) {
                for (int i = GROUP * j; i < GROUP * (j + 1); i++) {
                    int l = Rounding.clamp(Rounding.nearest(x[xo + i] / dl), -HALF_CODES, HALF_CODES - 1);
                    codes[i] = (byte) (l + HALF_CODES);
                }
            }
        }
        SuperBlock.packBit(codes, 0, 2, y, yo);
        SuperBlock.packPairs(codes, 0, y, yo + CODES);
    }

    /** Low nibbles of scales 0..7 and 8..15 in eight bytes; then byte j % 4 holds the upper pairs of scales j. */
    private static void packScales(byte[] codes, byte[] y, int yo) {
        for (int j = 0; j < 8; j++) {
            y[yo + j] = (byte) (codes[j] & 0xf | codes[j + 8] << 4);
        }
        for (int j = 0; j < 4; j++) {
            y[yo + 8 + j] =
                    (byte) (codes[j] >> 4 | codes[j + 4] >> 4 << 2 | codes[j + 8] >> 4 << 4 | codes[j + 12] >> 4 << 6);
        }
    }

    private static int scale(byte[] y, int yo, int j) {
        int low = j < 8 ? y[yo + j] & 0xf : y[yo + j - 8] >> 4 & 0xf;
        return low | (y[yo + 8 + j % 4] >> 2 * (j / 4) & 3) << 4;
    }

    @Override
    public boolean weighted() {
        return true;
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        float[] weights = new float[GROUP];
        float[] sums = new float[GROUPS];
        float[] scales = new float[GROUPS];
        byte[] codes = new byte[SuperBlock.SIZE];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column += SuperBlock.SIZE, xo += SuperBlock.SIZE, yo += BYTES) {
                float sigma2 = 2 * Groups.sumOfSquares(x, xo, SuperBlock.SIZE) / SuperBlock.SIZE;
                for (int j = 0; j < GROUPS; j++) {
                    int group = GROUP * j;
                    Groups.weights(x, xo + group, GROUP, importance, column + group, sigma2, weights);
                    sums[j] = Groups.sum(weights, 0, GROUP);
                    scales[j] = ScaleSearch.signed(GROUP, HALF_CODES, x, xo + group, codes, group, weights, 0);
                }
                finishWeighted(x, xo, scales, 0, sums, codes, y, yo);
            }
        }
    }

    /** As {@link #finish}, with the scales fitted under the groups' sums of weights (from {@code so} on, as the scales). */
    public static void finishWeighted(
            float[] x, int xo, float[] scales, int so, float[] sums, byte[] codes, byte[] y, int yo) {
        byte[] scaleCodes = new byte[GROUPS];
        float d = ScaleSearch.signed(GROUPS, HALF_SCALES, scales, so, scaleCodes, 0, sums, so);
        requantize(x, xo, d, scaleCodes, codes, y, yo);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += BYTES) {
            float d = Half.get(y, yo + D);
            for (int j = 0; j < GROUPS; j++) {
                float dl = d * (scale(y, yo + SCALES, j) - HALF_SCALES);
                int in = GROUP * (j % 2);
                int from = yo + CODES + 32 * (j / 8) + in;
                int shift = j / 2 % 4 * 2;
                for (int l = 0; l < GROUP; l++) {
                    int high = (y[yo + in + l] >> j / 2 & 1) << 2;
                    x[xo + GROUP * j + l] = dl * ((y[from + l] >> shift & 3 | high) - HALF_CODES);
                }
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {D};
    }
}
