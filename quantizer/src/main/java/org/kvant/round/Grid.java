package org.kvant.round;

import org.kvant.gguf.GgmlType;

/**
 * The representable values of a type whose weights are scalars: which scales there are, how to fit them, where they stand in the
 * block's bytes. Stateless but for what {@link #fit} is lent.
 */
abstract class Grid {

    final GgmlType type;
    final Levels levels;

    /** Columns that share a scale. */
    final int group;

    /** Columns that share a block of bytes. */
    final int block;

    final Layout layout;

    Grid(GgmlType type, Levels levels, int group, Layout layout) {
        this.type = type;
        this.levels = levels;
        this.group = group;
        this.block = type.blockSize();
        this.layout = layout;
    }

    /** Whether groups have offsets. */
    boolean affine() {
        return false;
    }

    /** Whether scales of groups are products with one of the block. */
    boolean superBlock() {
        return false;
    }

    /** Neighbouring columns that must stay in place. */
    int unit() {
        return 1;
    }

    /** A code of zeros. */
    Code newCode(int columns) {
        return new Code(columns, group, block, 0);
    }

    /**
     * Fits all scales of a block.
     *
     * @param x the block's values, from 0 on
     * @param w their weights, from {@code wo} on
     * @param b the block's number
     */
    abstract void fit(float[] x, float[] w, int wo, Code code, int b);

    /** Fits group g alone, where the block's scales are given; without effect where the group is the block. */
    void adapt(float[] x, float[] w, int wo, Code code, int g) {}

    /** Sets steps and offsets of a block from what is stored, as the decoder does. */
    abstract void decodeScales(Code code, int b);

    /**
     * Moves the scales of group g towards the minimum of the quadratic {@code −2(b1 δ1 + b2 δ2) + a11 δ1² + 2 a12 δ1 δ2 + a22 δ2²}
     * in the changes of step and offset. The caller decides by the exact result whether it stays.
     */
    abstract void refitGroup(Code code, int g, double a11, double a12, double a22, double b1, double b2);

    /** As {@link #refitGroup} for d and dmin of block b, in whose changes the quadratic is. */
    void refitBlock(Code code, int b, double a11, double a12, double a22, double b1, double b2) {}

    /** What step and offset of group g are multiplied by, of each of its columns. */
    void groupBasis(Code code, int g, float[] first, float[] second) {
        for (int i = 0; i < group; i++) {
            first[i] = levels.value(code.place(g * group + i));
            second[i] = 1;
        }
    }

    /** What d and dmin of block b are multiplied by, of each of its columns; only where scales are products. */
    void blockBasis(Code code, int b, float[] first, float[] second) {
        int groups = block / group;
        for (int i = 0; i < block; i++) {
            int g = b * groups + i / group;
            first[i] = code.s[g] * levels.value(code.place(b * block + i));
            second[i] = -code.m[g];
        }
    }

    /** The decoded values of the columns [from, to). */
    void values(Code code, int from, int to, float[] out) {
        for (int j = from; j < to; j++) {
            int g = j / group;
            out[j] = code.step[g] * levels.value(code.place(j)) + code.offset[g];
        }
    }

    /** Of steps so small that the inverse overflows, every level is as good as zero. */
    static float inverse(float step) {
        float inverse = 1 / step;
        return Math.abs(inverse) <= Float.MAX_VALUE ? inverse : 0;
    }

    /** The nearest finite F16. */
    static short half(double value) {
        float bounded = (float) Math.clamp(value, -65504.0, 65504.0);
        return Float.floatToFloat16(Float.isNaN(bounded) ? 0 : bounded);
    }

    static float single(short half) {
        return Float.float16ToFloat(half);
    }
}
