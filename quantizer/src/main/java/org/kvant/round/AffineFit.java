package org.kvant.round;

/** Weighted least-squares fit of a positive step and an offset to a group, for levels 0, 1, … n. Not thread-safe. */
final class AffineFit {

    /** Candidates for the cut at each end of the range. */
    private static final int CUTS = 5;

    private static final int ROUNDS = 4;

    private final int largest;
    private final boolean freeOffset;

    /** The result. */
    float step;

    float offset;

    /** Sums over the group under the result: of weights, weight · level and weight · level². */
    double sumW;

    double sumQ;

    double sumQq;

    private double sumX;
    private double sumXq;
    private double tryStep;
    private double tryOffset;

    /**
     * @param largest the largest level
     * @param freeOffset whether offsets may be positive
     */
    AffineFit(int largest, boolean freeOffset) {
        this.largest = largest;
        this.freeOffset = freeOffset;
    }

    void fit(float[] x, int xo, float[] w, int wo, int n) {
        float min = x[xo];
        float max = x[xo];
        sumW = 0;
        sumX = 0;
        for (int i = 0; i < n; i++) {
            min = Math.min(min, x[xo + i]);
            max = Math.max(max, x[xo + i]);
            sumW += w[wo + i];
            sumX += (double) w[wo + i] * x[xo + i];
        }
        if (!freeOffset) {
            min = Math.min(min, 0);
            max = Math.max(max, 0);
        }
        float range = max - min;
        if (!(range > 1e-30f) || !(sumW > 0)) {
            step = 0;
            offset = freeOffset || min < 0 ? min : 0;
            sumQ = 0;
            sumQq = 0;
            return;
        }
        double best = -1;
        float cut = 0.3f * range / (largest + 1);
        for (int low = 0; low < CUTS; low++) {
            for (int high = 0; high < CUTS; high++) {
                float from = min + cut * low;
                double gain = solve(x, xo, w, wo, n, (max - cut * high - from) / largest, from);
                if (gain > best) {
                    best = gain;
                    step = (float) tryStep;
                    offset = (float) tryOffset;
                }
            }
        }
        for (int round = 0; round < ROUNDS; round++) {
            double gain = solve(x, xo, w, wo, n, step, offset);
            if (!(gain > best * (1 + 1e-7))) {
                break;
            }
            best = gain;
            step = (float) tryStep;
            offset = (float) tryOffset;
        }
    }

    /** Fits step and offset to the codes that the given ones lead to; returns by how much the error falls below the sum of w x². */
    private double solve(float[] x, int xo, float[] w, int wo, int n, float scale, float from) {
        float inverse = Grid.inverse(scale);
        float q1 = 0;
        float q2 = 0;
        float xq = 0;
        for (int i = 0; i < n; i++) {
            float v = (x[xo + i] - from) * inverse;
            float q = (int) ((v < 0 ? 0 : v > largest ? largest : v) + 0.5f);
            float wq = w[wo + i] * q;
            q1 += wq;
            q2 += wq * q;
            xq += wq * x[xo + i];
        }
        sumQ = q1;
        sumQq = q2;
        sumXq = xq;
        double det = sumQq * sumW - sumQ * sumQ;
        if (det > 1e-7 * sumQq * sumW) {
            tryStep = (sumXq * sumW - sumX * sumQ) / det;
            tryOffset = (sumX * sumQq - sumXq * sumQ) / det;
            if (tryStep > 0 && (freeOffset || tryOffset <= 0)) {
                return tryStep * sumXq + tryOffset * sumX;
            }
        }
        tryOffset = 0;
        tryStep = sumQq > 0 ? Math.max(0, sumXq / sumQq) : 0;
        return tryStep * sumXq;
    }
}
