package org.kvant.codec;

import java.util.Arrays;

/**
 * IQ3_S: 8 groups of 32 values under a scale {@code d · (2 · l + 1)}:
 * {@code d | low bytes of 64 indices[64] | upper bit of eight indices a byte[8] | signs[32] | l, four bits a group[4]}.
 */
final class Iq3SKernel extends CodebookKernel {

    private static final int BYTES = 110;
    private static final int LOW = 2;
    private static final int HIGH = 66;
    private static final int SIGNS = 74;
    private static final int SCALES = 106;

    Iq3SKernel() {
        super(CodebookFormat.IQ3_S, BYTES, 1, 3, 5, 7, 9, 11, 13, 15);
    }

    @Override
    void put(CodebookSearch found, float scale, byte[] y, int yo) {
        Arrays.fill(y, yo, yo + BYTES, (byte) 0);
        int place = 0;
        for (int g = 0; g < 8; g++) {
            if (found.empty[g]) {
                // ggml's encoder does not move on here: what follows an empty group takes its place. Only the upper
                // bits
                // stand where the decoder looks for them.
                continue;
            }
            for (int k = 0; k < 8; k++) {
                int index = found.indices[8 * g + k];
                y[yo + LOW + 8 * place + k] = (byte) index;
                y[yo + HIGH + g] |= (byte) (index >> 8 << k);
            }
            for (int k = 0; k < 4; k++) {
                y[yo + SIGNS + 4 * place + k] = (byte) found.signs[4 * g + k];
            }
            place++;
        }
        if (scale == 0) {
            return;
        }
        float d = scale / 31;
        Half.put(y, yo, d * 1.033f);
        float id = 1 / d;
        for (int g = 0; g < 8; g++) {
            y[yo + SCALES + g / 2] |= (byte) (scaleCode(id, found.scales[g]) << 4 * (g % 2));
        }
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, yo += BYTES) {
            float d = Half.get(y, yo);
            for (int k = 0; k < 64; k++, xo += 4) {
                int l = y[yo + SCALES + k / 16] >> 4 * (k / 8 % 2) & 0xf;
                int index = y[yo + LOW + k] & 0xff | (y[yo + HIGH + k / 8] >> k % 8 & 1) << 8;
                decodePoint(index, d * (1 + 2 * l), y[yo + SIGNS + k / 2] >> 4 * (k % 2), x, xo);
            }
        }
    }
}
