package org.kvant.codec;

/**
 * Q5_K: 8 groups of 32 values {@code d · scale · q − dmin · min}, six bits for each scale and minimum:
 * {@code d | dmin | scales and minimums[12] | fifth bits[32] | low nibbles[128]}.
 */
public final class Q5KKernel implements BlockKernel {

    public static final int BYTES = 176;
    public static final int GROUP = 32;
    public static final int GROUPS = 8;
    public static final int MAX_CODE = 31;
    private static final int MAX_SCALE = 63;
    private static final int D = 0;
    private static final int D_MIN = 2;
    private static final int SCALES = 4;
    private static final int FIFTH_BITS = 16;
    private static final int CODES = 48;

    private static final AffineSearch PLAIN = new AffineSearch(GROUP, MAX_CODE, -0.5f, 0.1f, 15, false);
    private static final AffineSearch WEIGHTED = new AffineSearch(GROUP, MAX_CODE, -0.9f, 0.05f, 36, false);

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        float[] weights = new float[GROUP];
        float[] scales = new float[GROUPS];
        float[] mins = new float[GROUPS];
        byte[] codes = new byte[SuperBlock.SIZE];
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += BYTES) {
            for (int j = 0; j < GROUPS; j++) {
                int group = xo + GROUP * j;
                float mean = Groups.sqrt(Groups.sumOfSquares(x, group, GROUP) / GROUP);
                for (int l = 0; l < GROUP; l++) {
                    weights[l] = mean + Math.abs(x[group + l]);
                }
                scales[j] = PLAIN.search(x, group, weights, codes, GROUP * j, mins, j);
            }
            finish(x, xo, scales, mins, 0, codes, y, yo);
        }
    }

    /** Rounds the scales and minimums, then the codes to them. {@code codes} holds those that stay where a scale is zero. */
    public static void finish(float[] x, int xo, float[] scales, float[] mins, int so, byte[] codes, byte[] y, int yo) {
        float maxScale = 0;
        float maxMin = 0;
        for (int j = so; j < so + GROUPS; j++) {
            maxScale = scales[j] > maxScale ? scales[j] : maxScale;
            maxMin = mins[j] > maxMin ? mins[j] : maxMin;
        }
        float scaleInverse = maxScale > 0 ? MAX_SCALE / maxScale : 0;
        float minInverse = maxMin > 0 ? MAX_SCALE / maxMin : 0;
        byte[] scaleCodes = new byte[GROUPS];
        byte[] minCodes = new byte[GROUPS];
        for (int j = 0; j < GROUPS; j++) {
            scaleCodes[j] = (byte) Math.min(MAX_SCALE, Rounding.nearest(scaleInverse * scales[so + j]) & 0xff);
            minCodes[j] = (byte) Math.min(MAX_SCALE, Rounding.nearest(minInverse * mins[so + j]) & 0xff);
        }
        requantize(x, xo, maxScale / MAX_SCALE, maxMin / MAX_SCALE, scaleCodes, minCodes, codes, y, yo);
    }

    private static void requantize(
            float[] x,
            int xo,
            float scale,
            float min,
            byte[] scaleCodes,
            byte[] minCodes,
            byte[] codes,
            byte[] y,
            int yo) {
        SuperBlock.packScales(scaleCodes, minCodes, 0, y, yo + SCALES);
        float d = Half.put(y, yo + D, scale);
        float dmin = Half.put(y, yo + D_MIN, min);
        for (int j = 0; j < GROUPS; j++) {
            float dl = d * SuperBlock.scale(y, yo + SCALES, j);
            if (dl != 0) {
                float ml = dmin * SuperBlock.min(y, yo + SCALES, j);
                for (int i = GROUP * j; i < GROUP * (j + 1); i++) {
                    codes[i] = (byte) Rounding.clamp(Rounding.nearest((x[xo + i] + ml) / dl), 0, MAX_CODE);
                }
            }
        }
        SuperBlock.packBit(codes, 0, 4, y, yo + FIFTH_BITS);
        SuperBlock.packNibbles(codes, 0, y, yo + CODES);
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
        float[] mins = new float[GROUPS];
        byte[] codes = new byte[SuperBlock.SIZE];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column += SuperBlock.SIZE, xo += SuperBlock.SIZE, yo += BYTES) {
                float sigma2 = 2 * Groups.sumOfSquares(x, xo, SuperBlock.SIZE) / SuperBlock.SIZE;
                for (int j = 0; j < GROUPS; j++) {
                    int group = GROUP * j;
                    Groups.weights(x, xo + group, GROUP, importance, column + group, sigma2, weights);
                    sums[j] = Groups.sum(weights, 0, GROUP);
                    scales[j] = WEIGHTED.search(x, xo + group, weights, codes, group, mins, j);
                }
                finishWeighted(x, xo, scales, mins, sums, codes, y, yo);
            }
        }
    }

    /** As {@link #finish}, with scales and minimums fitted under the groups' sums of weights. */
    public static void finishWeighted(
            float[] x, int xo, float[] scales, float[] mins, float[] sums, byte[] codes, byte[] y, int yo) {
        byte[] scaleCodes = new byte[GROUPS];
        byte[] minCodes = new byte[GROUPS];
        float scale = ScaleSearch.positive(GROUPS, MAX_SCALE, scales, scaleCodes, sums);
        float min = ScaleSearch.positive(GROUPS, MAX_SCALE, mins, minCodes, sums);
        requantize(x, xo, scale, min, scaleCodes, minCodes, codes, y, yo);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += BYTES) {
            float d = Half.get(y, yo + D);
            float dmin = Half.get(y, yo + D_MIN);
            for (int j = 0; j < GROUPS; j++) {
                float dl = d * SuperBlock.scale(y, yo + SCALES, j);
                float ml = dmin * SuperBlock.min(y, yo + SCALES, j);
                int from = yo + CODES + 32 * (j / 2);
                int shift = 4 * (j % 2);
                for (int l = 0; l < GROUP; l++) {
                    int high = (y[yo + FIFTH_BITS + l] >> j & 1) << 4;
                    x[xo + GROUP * j + l] = dl * (y[from + l] >> shift & 0xf | high) - ml;
                }
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {D, D_MIN};
    }
}
