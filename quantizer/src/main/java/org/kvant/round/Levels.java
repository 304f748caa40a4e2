package org.kvant.round;

import java.util.Arrays;
import org.kvant.codec.Fp4;
import org.kvant.codec.NonLinear;

/** The values that a code stands for before scale and offset, in rising order, all multiples of 1/2; a place is an index into it. */
final class Levels {

    private final float[] values;
    private final byte[] codes;
    private final boolean uniform;
    private final float low;
    private final float high;
    private final byte[] nearest;

    private Levels(float[] values, int[] codes) {
        this.values = values;
        this.codes = new byte[values.length];
        boolean even = true;
        for (int i = 0; i < values.length; i++) {
            this.codes[i] = (byte) codes[i];
            even &= values[i] == values[0] + i;
        }
        this.uniform = even;
        this.low = values[0];
        this.high = values[values.length - 1];
        this.nearest = even ? new byte[0] : table(values);
    }

    /** low, low + 1, … high with the codes 0, 1, … */
    static Levels uniform(int low, int high) {
        float[] values = new float[high - low + 1];
        int[] codes = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = low + i;
            codes[i] = i;
        }
        return new Levels(values, codes);
    }

    /** Q1_0: −1 and 1. */
    static Levels signs() {
        return new Levels(new float[] {-1, 1}, new int[] {0, 1});
    }

    /** IQ4_NL and IQ4_XS. */
    static Levels nonLinear() {
        float[] values = new float[16];
        int[] codes = new int[16];
        for (int i = 0; i < 16; i++) {
            values[i] = NonLinear.level(i);
            codes[i] = i;
        }
        return new Levels(values, codes);
    }

    /** E2M1, doubled as ggml does; of the two zeros the positive one. */
    static Levels fp4() {
        float[] values = new float[15];
        int[] codes = new int[15];
        for (int i = 0; i < 7; i++) {
            values[i] = Fp4.value(15 - i);
            codes[i] = 15 - i;
        }
        for (int i = 0; i < 8; i++) {
            values[7 + i] = Fp4.value(i);
            codes[7 + i] = i;
        }
        return new Levels(values, codes);
    }

    /** The nearest place of each half-open interval of length 1/2: middles of levels are its borders. */
    private static byte[] table(float[] values) {
        byte[] table = new byte[(int) (2 * (values[values.length - 1] - values[0])) + 1];
        for (int i = 0; i < table.length; i++) {
            float v = values[0] + i / 2f + 0.25f;
            int best = 0;
            for (int k = 1; k < values.length; k++) {
                if (Math.abs(values[k] - v) < Math.abs(values[best] - v)) {
                    best = k;
                }
            }
            table[i] = (byte) best;
        }
        return table;
    }

    int count() {
        return values.length;
    }

    float low() {
        return low;
    }

    float high() {
        return high;
    }

    float value(int place) {
        return values[place];
    }

    byte code(int place) {
        return codes[place];
    }

    /** The place of a code, for codes that ggml writes. */
    int place(int code) {
        for (int i = 0; i < codes.length; i++) {
            if (codes[i] == (byte) code) {
                return i;
            }
        }
        // The negative zero of E2M1 is the only code without a place of its own.
        return nearest(0);
    }

    /** The place of the level nearest to v; of NaN the lowest. */
    int nearest(float v) {
        if (uniform) {
            return (int) ((v < low ? low : v > high ? high : v) - low + 0.5f);
        }
        return nearest[(int) (2 * ((v < low ? low : v > high ? high : v) - low))];
    }

    @Override
    public String toString() {
        return Arrays.toString(values);
    }
}
