package org.kvant.codec;

/** The 4-bit float E2M1 of MXFP4 and NVFP4. Its values are doubled, and the scales halved, as ggml does. */
public final class Fp4 {

    /** {@code kvalues_fp4} of ggml-common.h. */
    private static final float[] VALUES = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    private Fp4() {}

    /** The layout of a type of groups of 2 · half values. */
    public interface Format {

        /** Bytes of a block. */
        int bytes();

        int groups();

        int half();

        /** Where the codes start. */
        int codes();

        /** Chooses and stores the scale of group g, whose values stand at {@code xo}; returns what multiplies the codes' values. */
        float putScale(float[] x, int xo, byte[] y, int yo, int g);
    }

    /** Twice the value of a code. */
    public static float value(int code) {
        return VALUES[code];
    }

    /** {@code best_index_mxfp4}: the first of the nearest. */
    static int nearest(float v, float scale) {
        int best = 0;
        float bestError = Math.abs(VALUES[0] * scale - v);
        for (int i = 1; i < 16; i++) {
            float error = Math.abs(VALUES[i] * scale - v);
            if (error < bestError) {
                best = i;
                bestError = error;
            }
        }
        return best;
    }

    /** Encodes a group of 2 · half values, value j with value j + half. */
    static void encode(float[] x, int xo, int half, float scale, byte[] y, int yo) {
        for (int j = 0; j < half; j++) {
            y[yo + j] = (byte) (nearest(x[xo + j], scale) | nearest(x[xo + half + j], scale) << 4);
        }
    }

    static void decode(byte[] y, int yo, int half, float scale, float[] x, int xo) {
        for (int j = 0; j < half; j++) {
            x[xo + j] = VALUES[y[yo + j] & 0xf] * scale;
            x[xo + half + j] = VALUES[y[yo + j] >> 4 & 0xf] * scale;
        }
    }
}
