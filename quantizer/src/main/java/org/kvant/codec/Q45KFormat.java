package org.kvant.codec;

/**
 * Q4_K and Q5_K: 8 groups of 32 values, six bits a scale and a minimum:
 * {@code d | dmin | scales and minimums[12] | (Q5_K: fifth bits of the codes[32]) | low nibbles of the codes[128]}.
 */
final class Q45KFormat implements AffineFormat {

    private static final int GROUP = 32;
    private static final int GROUPS = 8;
    private static final int MAX_SCALE = 63;
    private static final int D = 0;
    private static final int D_MIN = 2;
    private static final int SCALES = 4;
    private static final int FIFTH_BITS = 16;

    private final boolean fifthBit;
    private final int codes;
    private final AffineSearch plain;
    private final AffineSearch weighted;

    private Q45KFormat(boolean fifthBit, AffineSearch plain) {
        this.fifthBit = fifthBit;
        this.codes = fifthBit ? FIFTH_BITS + 32 : FIFTH_BITS;
        this.plain = plain;
        this.weighted = new AffineSearch(GROUP, plain.nmax(), -0.9f, 0.05f, 36, false);
    }

    static AffineFormat q4k() {
        return new Q45KFormat(false, new AffineSearch(GROUP, 15, -1, 0.1f, 20, false));
    }

    static AffineFormat q5k() {
        return new Q45KFormat(true, new AffineSearch(GROUP, 31, -0.5f, 0.1f, 15, false));
    }

    @Override
    public int bytes() {
        return codes + 128;
    }

    @Override
    public int group() {
        return GROUP;
    }

    @Override
    public AffineSearch plain() {
        return plain;
    }

    @Override
    public AffineSearch weighted() {
        return weighted;
    }

    @Override
    public boolean levelled() {
        return true;
    }

    @Override
    public int sigmaFactor() {
        return 2;
    }

    @Override
    public void putScales(float[] scales, float[] mins, int so, byte[] y, int yo) {
        float maxScale = Groups.max(scales, so, GROUPS);
        float maxMin = Groups.max(mins, so, GROUPS);
        float scaleInverse = maxScale > 0 ? MAX_SCALE / maxScale : 0;
        float minInverse = maxMin > 0 ? MAX_SCALE / maxMin : 0;
        byte[] scaleCodes = new byte[GROUPS];
        byte[] minCodes = new byte[GROUPS];
        for (int j = 0; j < GROUPS; j++) {
            scaleCodes[j] = (byte) Math.min(MAX_SCALE, Rounding.nearest(scaleInverse * scales[so + j]) & 0xff);
            minCodes[j] = (byte) Math.min(MAX_SCALE, Rounding.nearest(minInverse * mins[so + j]) & 0xff);
        }
        SuperBlock.packScales(scaleCodes, minCodes, 0, y, yo + SCALES);
        Half.put(y, yo + D, maxScale / MAX_SCALE);
        Half.put(y, yo + D_MIN, maxMin / MAX_SCALE);
    }

    @Override
    public void putScales(float[] scales, float[] mins, float[] sums, int so, byte[] y, int yo) {
        byte[] scaleCodes = new byte[GROUPS];
        byte[] minCodes = new byte[GROUPS];
        Half.put(y, yo + D, ScaleSearch.positive(GROUPS, MAX_SCALE, scales, so, scaleCodes, sums));
        Half.put(y, yo + D_MIN, ScaleSearch.positive(GROUPS, MAX_SCALE, mins, so, minCodes, sums));
        if (fifthBit) {
            // Beyond 63 they get with negative weights only; ggml caps them here and not in Q4_K.
            for (int j = 0; j < GROUPS; j++) {
                scaleCodes[j] = (byte) Math.min(MAX_SCALE, scaleCodes[j] & 0xff);
                minCodes[j] = (byte) Math.min(MAX_SCALE, minCodes[j] & 0xff);
            }
        }
        SuperBlock.packScales(scaleCodes, minCodes, 0, y, yo + SCALES);
    }

    @Override
    public float step(byte[] y, int yo, int j) {
        return Half.get(y, yo + D) * SuperBlock.scale(y, yo + SCALES, j);
    }

    @Override
    public float offset(byte[] y, int yo, int j) {
        return Half.get(y, yo + D_MIN) * SuperBlock.min(y, yo + SCALES, j);
    }

    @Override
    public void putCodes(byte[] values, byte[] y, int yo) {
        if (fifthBit) {
            SuperBlock.packBit(values, 0, 4, y, yo + FIFTH_BITS);
        }
        SuperBlock.packNibbles(values, 0, y, yo + codes);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo) {
        for (int j = 0; j < GROUPS; j++) {
            float step = step(y, yo, j);
            float offset = offset(y, yo, j);
            int from = yo + codes + 32 * (j / 2);
            int shift = 4 * (j % 2);
            int to = xo + GROUP * j;
            if (fifthBit) {
                for (int l = 0; l < GROUP; l++) {
                    int high = (y[yo + FIFTH_BITS + l] >> j & 1) << 4;
                    x[to + l] = step * (y[from + l] >> shift & 0xf | high) - offset;
                }
            } else {
                for (int l = 0; l < GROUP; l++) {
                    x[to + l] = step * (y[from + l] >> shift & 0xf) - offset;
                }
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {D, D_MIN};
    }
}
