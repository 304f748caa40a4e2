package org.kvant.round;

import org.kvant.gguf.GgmlType;

/** An F16 scale and an F16 offset for each block: Q4_1, Q5_1. */
final class OffsetGrid extends Grid {

    OffsetGrid(GgmlType type, Levels levels, Layout layout) {
        super(type, levels, type.blockSize(), layout);
    }

    @Override
    boolean affine() {
        return true;
    }

    @Override
    void fit(float[] x, float[] w, int wo, Code code, int b) {
        AffineFit fit = new AffineFit(levels.count() - 1, true);
        fit.fit(x, 0, w, wo, group);
        code.d[b] = half(fit.step);
        code.dmin[b] = half(fit.offset);
        decodeScales(code, b);
    }

    @Override
    void decodeScales(Code code, int b) {
        code.step[b] = single(code.d[b]);
        code.offset[b] = single(code.dmin[b]);
    }

    @Override
    void refitGroup(Code code, int g, double a11, double a12, double a22, double b1, double b2) {
        code.d[g] = half(code.step[g] + Quadratic.x(a11, a12, a22, b1, b2));
        code.dmin[g] = half(code.offset[g] + Quadratic.y(a11, a12, a22, b1, b2));
        decodeScales(code, g);
    }
}
