package org.kvant.codec;

import java.util.Arrays;

/**
 * IQ2_S: 16 groups of 16 values under a scale {@code d · (2 · l + 1) / 8}:
 * {@code d | low bytes of 32 indices[32] | signs[32] | upper two bits of four indices a byte[8] | l, four bits a group[8]}.
 */
final class Iq2SKernel extends CodebookKernel {

    private static final int BYTES = 82;
    private static final int LOW = 2;
    private static final int SIGNS = 34;
    private static final int HIGH = 66;
    private static final int SCALES = 74;

    Iq2SKernel() {
        super(CodebookFormat.IQ2_S, BYTES, 8, 25, 43);
    }

    @Override
    void put(CodebookSearch found, float scale, byte[] y, int yo) {
        Arrays.fill(y, yo, yo + BYTES, (byte) 0);
        for (int k = 0; k < 32; k++) {
            y[yo + LOW + k] = (byte) found.indices[k];
            y[yo + HIGH + k / 4] |= (byte) (found.indices[k] >> 8 << 2 * (k % 4));
            y[yo + SIGNS + k] = (byte) found.signs[k];
        }
        if (scale == 0) {
            return;
        }
        float d = scale / 31;
        Half.put(y, yo, d * 0.9875f);
        float id = 1 / d;
        for (int g = 0; g < 16; g++) {
            y[yo + SCALES + g / 2] |= (byte) (scaleCode(id, found.scales[g]) << 4 * (g % 2));
        }
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, yo += BYTES) {
            float d = Half.get(y, yo);
            for (int k = 0; k < 32; k++, xo += 8) {
                int l = y[yo + SCALES + k / 4] >> 4 * (k / 2 % 2) & 0xf;
                int index = y[yo + LOW + k] & 0xff | (y[yo + HIGH + k / 4] >> 2 * (k % 4) & 3) << 8;
                decodePoint(index, d * (0.5f + l) * 0.25f, y[yo + SIGNS + k], x, xo);
            }
        }
    }
}
