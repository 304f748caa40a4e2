package org.kvant.codec;

/** Q2_K: 16 groups of 16 values, four bits a scale and a minimum: {@code scales and minimums[16] | 2-bit codes[64] | d | dmin}. */
final class Q2KFormat implements AffineFormat {

    private static final int GROUP = 16;
    private static final int GROUPS = 16;
    private static final int MAX_SCALE = 15;
    private static final int CODES = 16;
    private static final int D = 80;
    private static final int D_MIN = 82;

    private static final AffineSearch PLAIN = new AffineSearch(GROUP, 3, -0.5f, 0.1f, 15, true);
    private static final AffineSearch WEIGHTED = new AffineSearch(GROUP, 3, -0.9f, 0.05f, 36, false);

    @Override
    public int bytes() {
        return 84;
    }

    @Override
    public int group() {
        return GROUP;
    }

    @Override
    public AffineSearch plain() {
        return PLAIN;
    }

    @Override
    public AffineSearch weighted() {
        return WEIGHTED;
    }

    @Override
    public boolean levelled() {
        return false;
    }

    @Override
    public int sigmaFactor() {
        return 1;
    }

    @Override
    public void putScales(float[] scales, float[] mins, int so, byte[] y, int yo) {
        float maxScale = Groups.max(scales, so, GROUPS);
        float maxMin = Groups.max(mins, so, GROUPS);
        float scaleInverse = maxScale > 0 ? MAX_SCALE / maxScale : 0;
        float minInverse = maxMin > 0 ? MAX_SCALE / maxMin : 0;
        for (int j = 0; j < GROUPS; j++) {
            int scale = maxScale > 0 ? Rounding.nearest(scaleInverse * scales[so + j]) : 0;
            int min = maxMin > 0 ? Rounding.nearest(minInverse * mins[so + j]) : 0;
            y[yo + j] = (byte) (scale | min << 4);
        }
        Half.put(y, yo + D, maxScale > 0 ? maxScale / MAX_SCALE : 0);
        Half.put(y, yo + D_MIN, maxMin > 0 ? maxMin / MAX_SCALE : 0);
    }

    @Override
    public void putScales(float[] scales, float[] mins, float[] sums, int so, byte[] y, int yo) {
        byte[] scaleCodes = new byte[GROUPS];
        byte[] minCodes = new byte[GROUPS];
        Half.put(y, yo + D, ScaleSearch.positive(GROUPS, MAX_SCALE, scales, so, scaleCodes, sums));
        Half.put(y, yo + D_MIN, ScaleSearch.positive(GROUPS, MAX_SCALE, mins, so, minCodes, sums));
        for (int j = 0; j < GROUPS; j++) {
            y[yo + j] = (byte) (scaleCodes[j] | minCodes[j] << 4);
        }
    }

    @Override
    public float step(byte[] y, int yo, int j) {
        return Half.get(y, yo + D) * (y[yo + j] & 0xf);
    }

    @Override
    public float offset(byte[] y, int yo, int j) {
        return Half.get(y, yo + D_MIN) * (y[yo + j] >> 4 & 0xf);
    }

    @Override
    public void putCodes(byte[] codes, byte[] y, int yo) {
        SuperBlock.packPairs(codes, 0, y, yo + CODES);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo) {
        for (int j = 0; j < GROUPS; j++) {
            float step = step(y, yo, j);
            float offset = offset(y, yo, j);
            int from = yo + CODES + 32 * (j / 8) + GROUP * (j % 2);
            int shift = j / 2 % 4 * 2;
            for (int l = 0; l < GROUP; l++) {
                x[xo + GROUP * j + l] = step * (y[from + l] >> shift & 3) - offset;
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {D, D_MIN};
    }
}
