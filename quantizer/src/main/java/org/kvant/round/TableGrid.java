package org.kvant.round;

import java.util.function.IntToDoubleFunction;
import org.kvant.gguf.GgmlType;

/** Scales that are positive 8-bit floats: MXFP4 (E8M0) and NVFP4 (unsigned E4M3). */
final class TableGrid extends Grid {

    /** Codes tried on either side of the one nearest to a fitted scale. */
    private static final int NEIGHBOURS = 2;

    private final float[] scales;

    /**
     * @param codes how many scales there are
     * @param scale the rising scales of the codes
     */
    TableGrid(GgmlType type, Levels levels, int group, int codes, IntToDoubleFunction scale, Layout layout) {
        super(type, levels, group, layout);
        scales = new float[codes];
        for (int i = 0; i < codes; i++) {
            scales[i] = (float) scale.applyAsDouble(i);
        }
    }

    @Override
    void fit(float[] x, float[] w, int wo, Code code, int b) {
        int groups = block / group;
        for (int g = 0; g < groups; g++) {
            fitGroup(x, g * group, w, wo + g * group, code, b * groups + g);
        }
    }

    @Override
    void adapt(float[] x, float[] w, int wo, Code code, int g) {
        fitGroup(x, 0, w, wo, code, g);
    }

    private void fitGroup(float[] x, int xo, float[] w, int wo, Code code, int g) {
        // The levels are symmetric: the sign of the fitted scale carries no information.
        float ideal = Math.abs(new SymmetricFit(levels).fit(x, xo, w, wo, group));
        int middle = nearestScale(ideal);
        double best = Double.POSITIVE_INFINITY;
        for (int s = Math.max(0, middle - NEIGHBOURS); s <= Math.min(scales.length - 1, middle + NEIGHBOURS); s++) {
            double error = SymmetricFit.error(levels, x, xo, w, wo, group, scales[s], 0);
            if (error < best) {
                best = error;
                code.s[g] = (short) s;
            }
        }
        code.step[g] = scales[code.s[g]];
    }

    private int nearestScale(double scale) {
        int low = 0;
        int high = scales.length - 1;
        while (high - low > 1) {
            int middle = low + high >>> 1;
            if (scales[middle] <= scale) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return scale - scales[low] < scales[high] - scale ? low : high;
    }

    @Override
    void decodeScales(Code code, int b) {
        int groups = block / group;
        for (int g = b * groups; g < (b + 1) * groups; g++) {
            code.step[g] = scales[code.s[g]];
        }
    }

    @Override
    void refitGroup(Code code, int g, double a11, double a12, double a22, double b1, double b2) {
        int to = nearestScale(code.step[g] + (a11 > 0 ? b1 / a11 : 0));
        code.s[g] = (short) to;
        code.step[g] = scales[to];
    }
}
