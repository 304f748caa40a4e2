package org.kvant.round;

import org.kvant.gguf.GgmlType;

/** Groups scaled by d · s, d an F16 of any sign and s a signed integer: Q3_K, Q6_K, IQ4_XS. */
final class SignedGrid extends Grid {

    private static final int ROUNDS = 2;

    /** Steps of s tried on either side when a group is fitted again. */
    private static final int REACH = 2;

    private final int lowest;
    private final int highest;
    private final int groups;

    SignedGrid(GgmlType type, Levels levels, int group, int lowest, int highest, Layout layout) {
        super(type, levels, group, layout);
        this.lowest = lowest;
        this.highest = highest;
        this.groups = block / group;
    }

    @Override
    boolean superBlock() {
        return true;
    }

    @Override
    void fit(float[] x, float[] w, int wo, Code code, int b) {
        SymmetricFit fit = new SymmetricFit(levels);
        double[] scales = new double[groups];
        double[] curvatures = new double[groups];
        for (int g = 0; g < groups; g++) {
            scales[g] = fit.fit(x, g * group, w, wo + g * group, group);
            curvatures[g] = fit.sumQq;
        }
        code.d[b] = half(superScale(scales, curvatures));
        float d = single(code.d[b]);
        for (int g = 0; g < groups; g++) {
            code.s[b * groups + g] = (short) integer(scales[g], d);
        }
        decodeScales(code, b);
        double error = choose(x, w, wo, code, b, 1);
        Code trial = newCode(block);
        for (int round = 0; round < ROUNDS; round++) {
            trial.d[0] = half(leastSquares(fit, x, w, wo, code, b));
            System.arraycopy(code.s, b * groups, trial.s, 0, groups);
            decodeScales(trial, 0);
            double next = choose(x, w, wo, trial, 0, 1);
            if (!(next < error * (1 - 1e-6))) {
                break;
            }
            error = next;
            code.d[b] = trial.d[0];
            System.arraycopy(trial.s, 0, code.s, b * groups, groups);
            decodeScales(code, b);
        }
    }

    /** The d under which integers come nearest to the groups' scales. */
    private double superScale(double[] scales, double[] curvatures) {
        double extreme = 0;
        for (double scale : scales) {
            extreme = Math.abs(scale) > Math.abs(extreme) ? scale : extreme;
        }
        double best = 0;
        double bestError = Double.POSITIVE_INFINITY;
        for (int c = -4; c <= 16; c++) {
            for (int end : new int[] {lowest, highest}) {
                double d = extreme / (end + Math.signum((double) end) * -0.25 * c);
                double error = 0;
                for (int g = 0; g < groups; g++) {
                    double diff = scales[g] - d * integer(scales[g], d);
                    error += curvatures[g] * diff * diff;
                }
                if (error < bestError) {
                    bestError = error;
                    best = d;
                }
            }
        }
        return best;
    }

    private int integer(double scale, double d) {
        return d == 0 ? 0 : (int) Math.clamp(Math.rint(scale / d), lowest, highest);
    }

    /** The best integers within reach; returns the block's error. */
    private double choose(float[] x, float[] w, int wo, Code code, int b, int reach) {
        double error = 0;
        for (int g = 0; g < groups; g++) {
            error += chooseOne(x, g * group, w, wo + g * group, code, b * groups + g, single(code.d[b]), reach);
        }
        return error;
    }

    private double chooseOne(float[] x, int xo, float[] w, int wo, Code code, int g, float d, int reach) {
        int middle = code.s[g];
        double best = SymmetricFit.error(levels, x, xo, w, wo, group, d * middle, 0);
        for (int s = Math.max(lowest, middle - reach); s <= Math.min(highest, middle + reach); s++) {
            if (s != middle) {
                double error = SymmetricFit.error(levels, x, xo, w, wo, group, d * s, 0);
                if (error < best) {
                    best = error;
                    code.s[g] = (short) s;
                }
            }
        }
        code.step[g] = d * code.s[g];
        return best;
    }

    private double leastSquares(SymmetricFit fit, float[] x, float[] w, int wo, Code code, int b) {
        double xq = 0;
        double qq = 0;
        for (int g = 0; g < groups; g++) {
            int s = code.s[b * groups + g];
            fit.sums(x, g * group, w, wo + g * group, group, code.step[b * groups + g]);
            xq += s * fit.sumXq;
            qq += (double) s * s * fit.sumQq;
        }
        return qq > 0 ? xq / qq : 0;
    }

    @Override
    void adapt(float[] x, float[] w, int wo, Code code, int g) {
        float d = single(code.d[g / groups]);
        chooseOne(x, 0, w, wo, code, g, d, REACH);
    }

    @Override
    void decodeScales(Code code, int b) {
        float d = single(code.d[b]);
        for (int g = b * groups; g < (b + 1) * groups; g++) {
            code.step[g] = d * code.s[g];
        }
    }

    @Override
    void refitGroup(Code code, int g, double a11, double a12, double a22, double b1, double b2) {
        float d = single(code.d[g / groups]);
        code.s[g] = (short) integer(code.step[g] + (a11 > 0 ? b1 / a11 : 0), d);
        code.step[g] = d * code.s[g];
    }

    @Override
    void refitBlock(Code code, int b, double a11, double a12, double a22, double b1, double b2) {
        code.d[b] = half(single(code.d[b]) + (a11 > 0 ? b1 / a11 : 0));
        decodeScales(code, b);
    }
}
