package org.kvant.codec;

/** Q3_K, six bits a scale: {@code high bits of the codes[32] | low pairs of the codes[64] | scales[12] | d}. */
final class Q3KFormat implements SignedFormat {

    private static final int HALF = 4;
    private static final int HALF_SCALES = 32;
    private static final int CODES = 32;
    private static final int SCALES = 96;
    private static final int D = 108;

    @Override
    public int bytes() {
        return 110;
    }

    @Override
    public int half() {
        return HALF;
    }

    @Override
    public boolean plainByCode() {
        return true;
    }

    @Override
    public boolean sigmaWeighted() {
        return true;
    }

    @Override
    public boolean putScales(float[] scales, byte[] y, int yo) {
        float max = Groups.extreme(scales, 0, GROUPS);
        byte[] scaleCodes = new byte[GROUPS];
        float d = 0;
        if (max != 0) {
            float inverse = -HALF_SCALES / max;
            for (int j = 0; j < GROUPS; j++) {
                byte l = (byte) Rounding.nearest(inverse * scales[j]);
                scaleCodes[j] = (byte) (Rounding.clamp(l, -HALF_SCALES, HALF_SCALES - 1) + HALF_SCALES);
            }
            d = 1 / inverse;
        }
        packScales(scaleCodes, y, yo + SCALES);
        Half.put(y, yo + D, d);
        return true;
    }

    @Override
    public boolean putScales(float[] scales, float[] sums, byte[] y, int yo) {
        byte[] scaleCodes = new byte[GROUPS];
        float d = ScaleSearch.signed(GROUPS, HALF_SCALES, scales, 0, scaleCodes, 0, sums, 0);
        packScales(scaleCodes, y, yo + SCALES);
        Half.put(y, yo + D, d);
        return true;
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

    @Override
    public float step(byte[] y, int yo, int j) {
        int scales = yo + SCALES;
        int low = j < 8 ? y[scales + j] & 0xf : y[scales + j - 8] >> 4 & 0xf;
        int scale = low | (y[scales + 8 + j % 4] >> 2 * (j / 4) & 3) << 4;
        return Half.get(y, yo + D) * (scale - HALF_SCALES);
    }

    @Override
    public void putCodes(byte[] codes, byte[] y, int yo) {
        SuperBlock.packBit(codes, 0, 2, y, yo);
        SuperBlock.packPairs(codes, 0, y, yo + CODES);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo) {
        for (int j = 0; j < GROUPS; j++) {
            float step = step(y, yo, j);
            int in = GROUP * (j % 2);
            int from = yo + CODES + 32 * (j / 8) + in;
            int shift = j / 2 % 4 * 2;
            for (int l = 0; l < GROUP; l++) {
                int high = (y[yo + in + l] >> j / 2 & 1) << 2;
                x[xo + GROUP * j + l] = step * ((y[from + l] >> shift & 3 | high) - HALF);
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {D};
    }
}
