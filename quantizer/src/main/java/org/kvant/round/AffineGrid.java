package org.kvant.round;

import org.kvant.gguf.GgmlType;

/** Groups of step d · s and offset −dmin · m with unsigned integers s and m: Q2_K, Q4_K, Q5_K. */
final class AffineGrid extends Grid {

    private static final int ROUNDS = 2;

    private final int highest;
    private final int groups;

    /** @param highest the largest s and m */
    AffineGrid(GgmlType type, Levels levels, int group, int highest, Layout layout) {
        super(type, levels, group, layout);
        this.highest = highest;
        this.groups = block / group;
    }

    @Override
    boolean affine() {
        return true;
    }

    @Override
    boolean superBlock() {
        return true;
    }

    @Override
    void fit(float[] x, float[] w, int wo, Code code, int b) {
        AffineFit fit = new AffineFit(levels.count() - 1, false);
        double[] steps = new double[groups];
        double[] mins = new double[groups];
        double[] stepWeights = new double[groups];
        double[] minWeights = new double[groups];
        for (int g = 0; g < groups; g++) {
            fit.fit(x, g * group, w, wo + g * group, group);
            steps[g] = fit.step;
            mins[g] = -fit.offset;
            stepWeights[g] = fit.sumQq;
            minWeights[g] = fit.sumW;
        }
        code.d[b] = half(superScale(steps, stepWeights));
        code.dmin[b] = half(superScale(mins, minWeights));
        for (int g = 0; g < groups; g++) {
            code.s[b * groups + g] = (short) integer(steps[g], single(code.d[b]));
            code.m[b * groups + g] = (short) integer(mins[g], single(code.dmin[b]));
        }
        double error = choose(x, w, wo, code, b);
        Code trial = newCode(block);
        for (int round = 0; round < ROUNDS; round++) {
            System.arraycopy(code.s, b * groups, trial.s, 0, groups);
            System.arraycopy(code.m, b * groups, trial.m, 0, groups);
            leastSquares(x, w, wo, code, b, trial);
            double next = choose(x, w, wo, trial, 0);
            if (!(next < error * (1 - 1e-6))) {
                break;
            }
            error = next;
            code.d[b] = trial.d[0];
            code.dmin[b] = trial.dmin[0];
            System.arraycopy(trial.s, 0, code.s, b * groups, groups);
            System.arraycopy(trial.m, 0, code.m, b * groups, groups);
        }
        decodeScales(code, b);
    }

    private double superScale(double[] scales, double[] weights) {
        double max = 0;
        for (double scale : scales) {
            max = Math.max(max, scale);
        }
        double best = 0;
        double bestError = Double.POSITIVE_INFINITY;
        for (int c = -4; c <= 16; c++) {
            double d = max / (highest - 0.1 * c);
            double error = 0;
            for (int g = 0; g < groups; g++) {
                double diff = scales[g] - d * integer(scales[g], d);
                error += weights[g] * diff * diff;
            }
            if (error < bestError) {
                bestError = error;
                best = d;
            }
        }
        return best;
    }

    private int integer(double scale, double d) {
        return d == 0 ? 0 : (int) Math.clamp(Math.rint(scale / d), 0, highest);
    }

    private double choose(float[] x, float[] w, int wo, Code code, int b) {
        double error = 0;
        for (int g = 0; g < groups; g++) {
            error += chooseOne(x, g * group, w, wo + g * group, code, b * groups + g, b);
        }
        return error;
    }

    /** The best pair of integers among the neighbours, again from there as long as it moves; returns the group's error. */
    private double chooseOne(float[] x, int xo, float[] w, int wo, Code code, int g, int b) {
        float d = single(code.d[b]);
        float dmin = single(code.dmin[b]);
        double best = SymmetricFit.error(levels, x, xo, w, wo, group, d * code.s[g], -(dmin * code.m[g]));
        for (int round = 0; round < ROUNDS; round++) {
            int s0 = code.s[g];
            int m0 = code.m[g];
            for (int s = Math.max(0, s0 - 1); s <= Math.min(highest, s0 + 1); s++) {
                for (int m = Math.max(0, m0 - 1); m <= Math.min(highest, m0 + 1); m++) {
                    if (s == s0 && m == m0) {
                        continue;
                    }
                    double error = SymmetricFit.error(levels, x, xo, w, wo, group, d * s, -(dmin * m));
                    if (error < best) {
                        best = error;
                        code.s[g] = (short) s;
                        code.m[g] = (short) m;
                    }
                }
            }
            if (code.s[g] == s0 && code.m[g] == m0) {
                break;
            }
        }
        code.step[g] = d * code.s[g];
        code.offset[g] = -(dmin * code.m[g]);
        return best;
    }

    /** d and dmin by least squares under the codes and integers of a block, whose steps and offsets must be set. */
    private void leastSquares(float[] x, float[] w, int wo, Code code, int b, Code to) {
        double a11 = 0;
        double a12 = 0;
        double a22 = 0;
        double b1 = 0;
        double b2 = 0;
        for (int g = 0; g < groups; g++) {
            int k = b * groups + g;
            float inverse = inverse(code.step[k]);
            float offset = code.offset[k];
            float qq = 0;
            float q1 = 0;
            float w1 = 0;
            float xq = 0;
            float x1 = 0;
            for (int i = 0; i < group; i++) {
                float v = x[g * group + i];
                float q = levels.value(levels.nearest((v - offset) * inverse));
                float wi = w[wo + g * group + i];
                qq += wi * q * q;
                q1 += wi * q;
                w1 += wi;
                xq += wi * q * v;
                x1 += wi * v;
            }
            int s = code.s[k];
            int m = code.m[k];
            a11 += (double) s * s * qq;
            a12 -= (double) s * m * q1;
            a22 += (double) m * m * w1;
            b1 += (double) s * xq;
            b2 -= (double) m * x1;
        }
        to.d[0] = half(Quadratic.x(a11, a12, a22, b1, b2));
        to.dmin[0] = half(Quadratic.y(a11, a12, a22, b1, b2));
    }

    @Override
    void adapt(float[] x, float[] w, int wo, Code code, int g) {
        chooseOne(x, 0, w, wo, code, g, g / groups);
    }

    @Override
    void decodeScales(Code code, int b) {
        float d = single(code.d[b]);
        float dmin = single(code.dmin[b]);
        for (int g = b * groups; g < (b + 1) * groups; g++) {
            code.step[g] = d * code.s[g];
            code.offset[g] = -(dmin * code.m[g]);
        }
    }

    @Override
    void refitGroup(Code code, int g, double a11, double a12, double a22, double b1, double b2) {
        float d = single(code.d[g / groups]);
        float dmin = single(code.dmin[g / groups]);
        int s0 = code.s[g];
        int m0 = code.m[g];
        // In the changes of s and −m.
        double c11 = a11 * d * d;
        double c12 = a12 * d * dmin;
        double c22 = a22 * dmin * dmin;
        double e1 = b1 * d;
        double e2 = b2 * dmin;
        int ds = (int) Math.clamp(Math.floor(Quadratic.x(c11, c12, c22, e1, e2)), -highest, highest);
        int dm = (int) Math.clamp(Math.floor(Quadratic.y(c11, c12, c22, e1, e2)), -highest, highest);
        double best = 0;
        for (int corner = 0; corner < 4; corner++) {
            int s = Math.clamp(s0 + ds + corner % 2, 0, highest);
            int m = Math.clamp(m0 - dm - corner / 2, 0, highest);
            double value = Quadratic.at(c11, c12, c22, e1, e2, s - s0, m0 - m);
            if (value < best) {
                best = value;
                code.s[g] = (short) s;
                code.m[g] = (short) m;
            }
        }
        code.step[g] = d * code.s[g];
        code.offset[g] = -(dmin * code.m[g]);
    }

    @Override
    void refitBlock(Code code, int b, double a11, double a12, double a22, double b1, double b2) {
        code.d[b] = half(single(code.d[b]) + Quadratic.x(a11, a12, a22, b1, b2));
        code.dmin[b] = half(single(code.dmin[b]) + Quadratic.y(a11, a12, a22, b1, b2));
        decodeScales(code, b);
    }
}
