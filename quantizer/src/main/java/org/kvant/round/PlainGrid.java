package org.kvant.round;

import org.kvant.gguf.GgmlType;

/** One F16 scale of any sign for each block: Q4_0, Q5_0, Q8_0, IQ4_NL, Q1_0, Q2_0, TQ1_0, TQ2_0. */
final class PlainGrid extends Grid {

    PlainGrid(GgmlType type, Levels levels, Layout layout) {
        super(type, levels, type.blockSize(), layout);
    }

    @Override
    void fit(float[] x, float[] w, int wo, Code code, int b) {
        code.d[b] = half(new SymmetricFit(levels).fit(x, 0, w, wo, group));
        decodeScales(code, b);
    }

    @Override
    void decodeScales(Code code, int b) {
        code.step[b] = single(code.d[b]);
    }

    @Override
    void refitGroup(Code code, int g, double a11, double a12, double a22, double b1, double b2) {
        code.d[g] = half(code.step[g] + (a11 > 0 ? b1 / a11 : 0));
        decodeScales(code, g);
    }
}
