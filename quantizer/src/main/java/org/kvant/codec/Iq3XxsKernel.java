package org.kvant.codec;

import java.util.Arrays;

/**
 * IQ3_XXS: 8 groups of 32 values under a scale {@code d · (2 · l + 1) / 4}:
 * {@code d | indices of 64 points[64] | for each group four times seven signs, then l, in 32 bits[32]}.
 */
final class Iq3XxsKernel extends CodebookKernel {

    private static final int BYTES = 98;
    private static final int POINTS = 2;
    private static final int SIGNS = 66;

    Iq3XxsKernel() {
        super(CodebookFormat.IQ3_XXS, BYTES, 4, 12, 20, 28, 36, 44, 52, 62);
    }

    @Override
    void put(CodebookSearch found, float scale, byte[] y, int yo) {
        Arrays.fill(y, yo, yo + BYTES, (byte) 0);
        if (scale == 0) {
            return;
        }
        float d = scale / 31;
        Half.put(y, yo, d * 1.0125f);
        float id = 1 / d;
        for (int k = 0; k < 64; k++) {
            y[yo + POINTS + k] = (byte) found.indices[k];
        }
        for (int g = 0; g < 8; g++) {
            int signs = scaleCode(id, found.scales[g]) << 28;
            for (int k = 0; k < 4; k++) {
                signs |= found.signs[4 * g + k] << 7 * k;
            }
            Bytes.putInt(y, yo + SIGNS + 4 * g, signs);
        }
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, yo += BYTES) {
            float d = Half.get(y, yo);
            for (int g = 0; g < 8; g++) {
                int signs = Bytes.getInt(y, yo + SIGNS + 4 * g);
                float scale = d * (0.5f + (signs >>> 28)) * 0.5f;
                for (int k = 0; k < 8; k++, xo += 4) {
                    int bits = SignBits.even(signs >> 7 * (k / 2) & 127) >> 4 * (k % 2);
                    decodePoint(y[yo + POINTS + 8 * g + k] & 0xff, scale, bits, x, xo);
                }
            }
        }
    }
}
