package org.kvant.codec.vector;

import jdk.incubator.vector.FloatVector;
import org.kvant.codec.Groups;

/** Up to sixteen groups of values and their weights, spread over the lanes as {@link Lanes} says. */
final class LaneBatch {

    /** Values in a group. */
    final int n;

    final float[] x;
    final float[] weights;

    /** One a group: the sum of its weights, in order. */
    final float[] sums = new float[Lanes.GROUPS];

    private final float[] sigma2 = new float[Lanes.GROUPS];

    LaneBatch(int n) {
        this.n = n;
        x = new float[n * Lanes.GROUPS];
        weights = new float[n * Lanes.GROUPS];
    }

    /** Loads values without weights. */
    void load(float[] src, int from, int groups) {
        Lanes.spread(src, from, groups, n, x);
    }

    /** Weights of {@code |x|}. */
    void weighByMagnitude() {
        for (int i = 0; i < x.length; i += Lanes.WIDTH) {
            FloatVector.fromArray(Lanes.FLOATS, x, i).abs().intoArray(weights, i);
        }
    }

    /** Weights of {@code sqrt(mean of x² in the group) + |x|}. */
    void weighByLevel() {
        for (int g = 0; g < Lanes.GROUPS; g += Lanes.WIDTH) {
            FloatVector sum = Lanes.all(0);
            for (int i = 0; i < n; i++) {
                FloatVector v = Lanes.get(x, i, g);
                sum = sum.add(v.mul(v));
            }
            FloatVector level = sum.div(n).sqrt();
            for (int i = 0; i < n; i++) {
                level.add(Lanes.get(x, i, g).abs()).intoArray(weights, i * Lanes.GROUPS + g);
            }
        }
    }

    /** Weights of {@code x²}. */
    void weighBySquare() {
        for (int i = 0; i < x.length; i += Lanes.WIDTH) {
            FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, i);
            v.mul(v).intoArray(weights, i);
        }
    }

    /** Weights that are the columns' importance. The groups are consecutive and rows of {@code columns} follow each other. */
    void weighByImportance(float[] importance, int column, int columns, int groups) {
        for (int g = 0; g < groups; g++) {
            for (int i = 0; i < n; i++) {
                weights[i * Lanes.GROUPS + g] = importance[column + i];
            }
            column += n;
            column = column == columns ? 0 : column;
        }
        sum();
    }

    /**
     * Weights of {@code importance · sqrt(sigma² + x²)}.
     *
     * @param sigmas sigma² of each run of {@code run} consecutive values, the first of which holds the batch's first value if
     *     {@code position} is 0
     * @param position the index of the batch's first value, counted from the first run's start
     */
    void weigh(float[] importance, int column, int columns, int groups, float[] sigmas, int run, int position) {
        weighByImportance(importance, column, columns, groups);
        for (int g = 0; g < groups; g++) {
            sigma2[g] = sigmas[(position + g * n) / run];
        }
        for (int g = 0; g < Lanes.GROUPS; g += Lanes.WIDTH) {
            FloatVector sigma = FloatVector.fromArray(Lanes.FLOATS, sigma2, g);
            for (int i = 0; i < n; i++) {
                FloatVector v = Lanes.get(x, i, g);
                Lanes.get(weights, i, g).mul(sigma.add(v.mul(v)).sqrt()).intoArray(weights, i * Lanes.GROUPS + g);
            }
        }
        sum();
    }

    private void sum() {
        for (int g = 0; g < Lanes.GROUPS; g += Lanes.WIDTH) {
            FloatVector sum = Lanes.all(0);
            for (int i = 0; i < n; i++) {
                sum = sum.add(Lanes.get(weights, i, g));
            }
            sum.intoArray(sums, g);
        }
    }

    /** {@code factor · (sum of x²) / run} of consecutive runs, each sum added in order. */
    static float[] sigmas(float[] x, int xo, int runs, int run, int factor) {
        float[] sigmas = new float[runs];
        for (int r = 0; r < runs; r++) {
            sigmas[r] = factor * Groups.sumOfSquares(x, xo + r * run, run) / run;
        }
        return sigmas;
    }
}
