package org.kvant.codec;

import java.util.Arrays;

/**
 * IQ2_XXS: 8 groups of 32 values under a scale {@code d · (2 · l + 1) / 8}:
 * {@code d | for each group: indices of four points[4] | four times seven signs, then l, in 32 bits}.
 */
final class Iq2XxsKernel extends CodebookKernel {

    private static final int BYTES = 66;
    private static final int GROUPS = 8;

    Iq2XxsKernel() {
        super(CodebookFormat.IQ2_XXS, BYTES, 8, 25, 43);
    }

    /** The library refuses to encode without. */
    @Override
    public boolean requiresImportance() {
        return true;
    }

    @Override
    void put(CodebookSearch found, float scale, byte[] y, int yo) {
        Arrays.fill(y, yo, yo + BYTES, (byte) 0);
        if (scale == 0) {
            return;
        }
        float d = scale / 31;
        Half.put(y, yo, d);
        float id = 1 / d;
        for (int g = 0; g < GROUPS; g++) {
            int signs = scaleCode(id, found.scales[g]) << 28;
            for (int k = 0; k < 4; k++) {
                y[yo + 2 + 8 * g + k] = (byte) found.indices[4 * g + k];
                signs |= found.signs[4 * g + k] << 7 * k;
            }
            Bytes.putInt(y, yo + 2 + 8 * g + 4, signs);
        }
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, yo += BYTES) {
            float d = Half.get(y, yo);
            for (int g = 0; g < GROUPS; g++) {
                int signs = Bytes.getInt(y, yo + 2 + 8 * g + 4);
                float scale = d * (0.5f + (signs >>> 28)) * 0.25f;
                for (int k = 0; k < 4; k++, xo += 8) {
                    int bits = SignBits.even(signs >> 7 * k & 127);
                    decodePoint(y[yo + 2 + 8 * g + k] & 0xff, scale, bits, x, xo);
                }
            }
        }
    }
}
