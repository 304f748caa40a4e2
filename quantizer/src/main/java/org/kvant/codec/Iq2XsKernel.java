package org.kvant.codec;

import java.util.Arrays;

/**
 * IQ2_XS: 16 groups of 16 values under a scale {@code d · (2 · l + 1) / 8}:
 * {@code d | 32 points: nine bits of index, seven of signs[64] | l, four bits a group[8]}.
 */
final class Iq2XsKernel extends CodebookKernel {

    private static final int BYTES = 74;
    private static final int POINTS = 2;
    private static final int SCALES = 66;

    Iq2XsKernel() {
        super(CodebookFormat.IQ2_XS, BYTES, 8, 25, 43);
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
        for (int k = 0; k < 32; k++) {
            Bytes.putShort(y, yo + POINTS + 2 * k, found.indices[k] | found.signs[k] << 9);
        }
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
                int q = Bytes.getShort(y, yo + POINTS + 2 * k);
                decodePoint(q & 511, d * (0.5f + l) * 0.25f, SignBits.even(q >> 9), x, xo);
            }
        }
    }
}
