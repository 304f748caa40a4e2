package org.kvant.round;

/** Weighted least-squares fit of one scale of any sign, without offset, to a group. Not thread-safe. */
final class SymmetricFit {

    /** Candidates for each sign and end of the levels. */
    private static final int CANDIDATES = 10;

    private static final int ROUNDS = 4;

    private final Levels levels;

    /** The smallest candidate as a fraction of the scale that just reaches the largest value: the fewer levels, the smaller. */
    private final float least;

    /** Sums of weight · value · level and weight · level² under the last scale that was tried. */
    double sumXq;

    double sumQq;

    SymmetricFit(Levels levels) {
        this.levels = levels;
        this.least = levels.count() <= 4 ? 0.3f : 1 - 2.5f / levels.count();
    }

    /** The scale; {@link #sumQq} then is the curvature of the loss in it. */
    float fit(float[] x, int xo, float[] w, int wo, int n) {
        float extreme = 0;
        for (int i = 0; i < n; i++) {
            extreme = Math.abs(x[xo + i]) > Math.abs(extreme) ? x[xo + i] : extreme;
        }
        sumXq = 0;
        sumQq = 0;
        if (Math.abs(extreme) < 1e-30f) {
            return 0;
        }
        double bestGain = -1;
        double best = 0;
        for (int end = 0; end < 2; end++) {
            float reach = extreme / (end == 0 ? levels.low() : levels.high());
            for (int c = 0; c < CANDIDATES; c++) {
                float scale = reach * (least + (1.02f - least) * c / (CANDIDATES - 1));
                sums(x, xo, w, wo, n, scale);
                if (sumQq > 0 && sumXq * sumXq > bestGain * sumQq) {
                    bestGain = sumXq * sumXq / sumQq;
                    best = sumXq / sumQq;
                }
            }
        }
        for (int round = 0; round < ROUNDS; round++) {
            sums(x, xo, w, wo, n, (float) best);
            if (!(sumQq > 0) || !(sumXq * sumXq > bestGain * (1 + 1e-7) * sumQq)) {
                break;
            }
            bestGain = sumXq * sumXq / sumQq;
            best = sumXq / sumQq;
        }
        return (float) best;
    }

    /** Sets the sums under the nearest levels of a scale. */
    void sums(float[] x, int xo, float[] w, int wo, int n, float scale) {
        float inverse = Grid.inverse(scale);
        float xq0 = 0;
        float xq1 = 0;
        float qq0 = 0;
        float qq1 = 0;
        int i = 0;
        for (; i + 1 < n; i += 2) {
            float q0 = levels.value(levels.nearest(x[xo + i] * inverse));
            float q1 = levels.value(levels.nearest(x[xo + i + 1] * inverse));
            float wq0 = w[wo + i] * q0;
            float wq1 = w[wo + i + 1] * q1;
            xq0 += wq0 * x[xo + i];
            xq1 += wq1 * x[xo + i + 1];
            qq0 += wq0 * q0;
            qq1 += wq1 * q1;
        }
        sumXq = xq0 + xq1;
        sumQq = qq0 + qq1;
    }

    /** The weighted squared error under the nearest levels of a step and an offset. */
    static double error(Levels levels, float[] x, int xo, float[] w, int wo, int n, float step, float offset) {
        float inverse = Grid.inverse(step);
        float e0 = 0;
        float e1 = 0;
        for (int i = 0; i + 1 < n; i += 2) {
            float d0 = x[xo + i] - (step * levels.value(levels.nearest((x[xo + i] - offset) * inverse)) + offset);
            float d1 =
                    x[xo + i + 1] - (step * levels.value(levels.nearest((x[xo + i + 1] - offset) * inverse)) + offset);
            e0 += w[wo + i] * d0 * d0;
            e1 += w[wo + i + 1] * d1 * d1;
        }
        return e0 + e1;
    }
}
