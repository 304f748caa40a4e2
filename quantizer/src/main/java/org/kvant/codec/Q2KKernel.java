package org.kvant.codec;

/**
 * Q2_K: 16 groups of 16 values {@code d · scale · q − dmin · min}, with four bits for each scale and minimum:
 * {@code scale and min nibbles[16] | 2-bit codes[64] | d | dmin}.
 */
public final class Q2KKernel implements BlockKernel {

    public static final int BYTES = 84;
    public static final int GROUP = 16;
    public static final int GROUPS = 16;
    public static final int MAX_CODE = 3;
    public static final int MAX_SCALE = 15;
    private static final int CODES = 16;
    private static final int D = 80;
    private static final int D_MIN = 82;

    private static final AffineSearch PLAIN = new AffineSearch(GROUP, MAX_CODE, -0.5f, 0.1f, 15, true);
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
                for (int l = 0; l < GROUP; l++) {
                    weights[l] = Math.abs(x[group + l]);
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
        for (int j = 0; j < GROUPS; j++) {
            int scale = maxScale > 0 ? Rounding.nearest(scaleInverse * scales[so + j]) : 0;
            int min = maxMin > 0 ? Rounding.nearest(minInverse * mins[so + j]) : 0;
            y[yo + j] = (byte) (scale | min << 4);
        }
        float d = Half.put(y, yo + D, maxScale > 0 ? maxScale / MAX_SCALE : 0);
        float dmin = Half.put(y, yo + D_MIN, maxMin > 0 ? maxMin / MAX_SCALE : 0);
        requantize(x, xo, d, dmin, codes, y, yo);
    }

    private static void requantize(float[] x, int xo, float d, float dmin, byte[] codes, byte[] y, int yo) {
        for (int j = 0; j < GROUPS; j++) {
            float dl = d * (y[yo + j] & 0xf);
            if (dl != 0) {
                float ml = dmin * (y[yo + j] >> 4 & 0xf);
                for (int i = GROUP * j; i < GROUP * (j + 1); i++) {
                    codes[i] = (byte) Rounding.clamp(Rounding.nearest((x[xo + i] + ml) / dl), 0, MAX_CODE);
                }
            }
        }
        SuperBlock.packPairs(codes, 0, y, yo + CODES);
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
                float sigma2 = Groups.sumOfSquares(x, xo, SuperBlock.SIZE) / SuperBlock.SIZE;
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
        float d = Half.put(y, yo + D, ScaleSearch.positive(GROUPS, MAX_SCALE, scales, scaleCodes, sums));
        float dmin = Half.put(y, yo + D_MIN, ScaleSearch.positive(GROUPS, MAX_SCALE, mins, minCodes, sums));
        for (int j = 0; j < GROUPS; j++) {
            y[yo + j] = (byte) (scaleCodes[j] | minCodes[j] << 4);
        }
        requantize(x, xo, d, dmin, codes, y, yo);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += BYTES) {
            float d = Half.get(y, yo + D);
            float dmin = Half.get(y, yo + D_MIN);
            for (int j = 0; j < GROUPS; j++) {
                float dl = d * (y[yo + j] & 0xf);
                float ml = dmin * (y[yo + j] >> 4 & 0xf);
                int from = yo + CODES + 32 * (j / 8) + GROUP * (j % 2);
                int shift = j / 2 % 4 * 2;
                for (int l = 0; l < GROUP; l++) {
                    x[xo + GROUP * j + l] = dl * (y[from + l] >> shift & 3) - ml;
                }
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {D, D_MIN};
    }
}
