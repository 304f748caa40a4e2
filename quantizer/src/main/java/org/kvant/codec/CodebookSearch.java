package org.kvant.codec;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds the scales, signs and points of one super-block of an IQ2 or IQ3 type, in the order of operations of ggml-quants.c.
 * Holds what was found last, and scratch: for one thread.
 */
final class CodebookSearch {

    private final CodebookFormat format;
    private final CodebookNeighbours neighbours;
    private final boolean two;
    private final int largestLevel;

    /** One a group. */
    final float[] scales;

    /** Indices into the codebook, of the whole super-block. */
    final int[] indices;

    /** One byte for each eight values, bit i for the i-th; where signs are even, bit 7 is left out. */
    final int[] signs = new int[SuperBlock.SIZE / 8];

    /** Groups in which nothing was searched, as all their values are as good as zero. */
    final boolean[] empty;

    private final float[] weights;
    private final float[] roots;
    private final float[] x;
    private final float[] weighted;
    private final int[] trial;
    private final int[] best;
    private final boolean[] trialOff;
    private final boolean[] bestOff;
    private final float[] terms = new float[32];
    private final byte[] codes = new byte[32];

    /** Sums of the last trial: {@code Σ w·x·q} and {@code Σ w·q²}. */
    private float sumqx;

    private float sumq2;

    /** Whether the last value to be rounded was off the codebook. */
    private boolean off;

    CodebookSearch(CodebookFormat format) {
        this.format = format;
        this.neighbours = format.codebook().neighbours();
        this.two = format.codebook().bits() == 2;
        this.largestLevel = format.largestLevel();
        this.scales = new float[format.groups()];
        this.empty = new boolean[format.groups()];
        this.indices = new int[SuperBlock.SIZE / format.codebook().dimensions()];
        this.weights = new float[format.group()];
        this.roots = new float[format.group()];
        this.x = new float[format.group()];
        this.weighted = new float[format.group()];
        this.trial = new int[format.points()];
        this.best = new int[format.points()];
        this.trialOff = new boolean[format.points()];
        this.bestOff = new boolean[format.points()];
    }

    /**
     * @param importance null, or one weight a column from {@code io} on
     * @return the largest scale, never negative; 0 if all are
     * @throws CodecException if the search overflows
     */
    float search(float[] values, int xo, float @Nullable [] importance, int io) {
        float sigma2 = format.energy() * (Groups.sumOfSquares(values, xo, SuperBlock.SIZE) / SuperBlock.SIZE);
        Arrays.fill(indices, 0);
        Arrays.fill(signs, 0);
        int group = format.group();
        float largest = 0;
        for (int g = 0; g < scales.length; g++) {
            weigh(values, xo + group * g, importance, io + group * g, sigma2);
            takeSigns(values, xo + group * g, group / 8 * g);
            float max = x[0];
            for (int i = 1; i < group; i++) {
                max = max > x[i] ? max : x[i];
            }
            empty[g] = max < format.epsilon();
            float scale = 0;
            if (empty[g]) {
                Arrays.fill(signs, group / 8 * g, group / 8 * (g + 1), 0);
            } else {
                scale = fit(g, max);
            }
            scales[g] = scale;
            largest = largest > scale ? largest : scale;
        }
        return largest;
    }

    private void weigh(float[] values, int xo, float @Nullable [] importance, int io, float sigma2) {
        int group = format.group();
        if (importance != null) {
            Groups.weights(values, xo, group, importance, io, sigma2, weights);
        } else {
            float floor = two ? 0.25f * sigma2 : 0;
            for (int i = 0; i < group; i++) {
                weights[i] = floor + values[xo + i] * values[xo + i];
            }
        }
        for (int i = 0; i < group; i++) {
            roots[i] = Groups.sqrt(weights[i]);
        }
    }

    /** Makes values positive; where signs must be even, the one that weighs least keeps the wrong sign if need be. */
    private void takeSigns(float[] values, int xo, int so) {
        for (int k = 0; k < format.group(); k += 8) {
            int bits = 0;
            for (int i = k; i < k + 8; i++) {
                float v = values[xo + i];
                boolean negative = !(v >= 0);
                x[i] = negative ? -v : v;
                bits |= negative ? 1 << i - k : 0;
            }
            if (format.evenSigns()) {
                if (Integer.bitCount(bits) % 2 != 0) {
                    int lightest = k;
                    float min = weights[k] * values[xo + k] * values[xo + k];
                    for (int i = k + 1; i < k + 8; i++) {
                        float weight = weights[i] * values[xo + i] * values[xo + i];
                        if (weight < min) {
                            min = weight;
                            lightest = i;
                        }
                    }
                    x[lightest] = -x[lightest];
                    bits ^= 1 << lightest - k;
                }
                bits &= 127;
            }
            signs[so + k / 8] = bits;
        }
    }

    private float fit(int g, float max) {
        int group = format.group();
        for (int i = 0; i < group; i++) {
            weighted[i] = weights[i] * x[i];
        }
        float range = max;
        float scale = max / largestLevel;
        if (format.fittedStart()) {
            scale = ScaleSearch.positive(group, 4, x, 0, codes, weights);
            range = scale * 3;
            if (range <= 0) {
                Arrays.fill(signs, group / 8 * g, group / 8 * (g + 1), 0);
                return 0;
            }
        }
        Arrays.fill(best, 0);
        Arrays.fill(bestOff, format.refitAll());
        float bestScore = 0;
        for (int is = -format.candidates(); is <= format.candidates(); is++) {
            float inverse = (largestLevel + is * format.step()) / range;
            choose(inverse, 1 / inverse);
            if (sumq2 > 0 && sumqx * sumqx > bestScore * sumq2) {
                scale = sumqx / sumq2;
                bestScore = scale * sumqx;
                System.arraycopy(trial, 0, best, 0, best.length);
                System.arraycopy(trialOff, 0, bestOff, 0, best.length);
            }
        }
        if (scale > 0 && refits()) {
            scale = refit(scale);
        }
        if (scale < 0) {
            scale = -scale;
            for (int k = group / 8 * g; k < group / 8 * (g + 1); k++) {
                signs[k] = ~signs[k] & (format.evenSigns() ? 127 : 255);
            }
        }
        for (int k = 0; k < best.length; k++) {
            indices[best.length * g + k] = neighbours.index(best[k]);
        }
        if (!(scale >= 0)) {
            throw overflow();
        }
        return scale;
    }

    private boolean refits() {
        boolean any = format.fittedStart();
        for (boolean off : bestOff) {
            any |= off;
        }
        return any;
    }

    /** Chooses points anew for the best scale, and the best scale for the points. */
    private float refit(float scale) {
        for (int k = 0; k < best.length; k++) {
            if (format.refitAll() || bestOff[k]) {
                best[k] = point(k, 1 / scale, scale);
            }
        }
        sum(best);
        return sumq2 > 0 ? sumqx / sumq2 : scale;
    }

    /** Chooses the points for a scale and its inverse, and sums up. */
    private void choose(float inverse, float scale) {
        for (int k = 0; k < trial.length; k++) {
            trial[k] = point(k, inverse, scale);
            trialOff[k] = off;
        }
        sum(trial);
    }

    private int point(int k, float inverse, float scale) {
        int point = two ? round8(8 * k, inverse) : round4(4 * k, inverse);
        off = !neighbours.contains(point);
        if (off) {
            if (two) {
                point = neighbours.nearest8(point, x, 8 * k, roots, 8 * k, scale, scale * 3f, scale * 5f, terms);
            } else {
                for (int q = 0; q < 8; q++) {
                    terms[q] = scale * (2 * q + 1);
                }
                point = neighbours.nearest4(point, x, 4 * k, roots, 4 * k, terms);
            }
            if (point < 0) {
                throw overflow();
            }
        }
        return point;
    }

    private int round8(int xo, float inverse) {
        int point = 0;
        for (int i = 0; i < 8; i++) {
            point |= Rounding.clamp(Rounding.nearest(0.5f * (inverse * x[xo + i] - 1)), 0, 2) << 2 * i;
        }
        return point;
    }

    private int round4(int xo, float inverse) {
        int point = 0;
        for (int i = 0; i < 4; i++) {
            point |= Rounding.clamp(Rounding.nearest(0.5f * (inverse * x[xo + i] - 1)), 0, 7) << 3 * i;
        }
        return point;
    }

    private void sum(int[] points) {
        float qx = 0;
        float q2 = 0;
        int bits = two ? 2 : 3;
        int mask = two ? 3 : 7;
        int dimensions = two ? 8 : 4;
        int i = 0;
        for (int point : points) {
            for (int j = 0; j < dimensions; j++, i++, point >>= bits) {
                float q = 2 * (point & mask) + 1;
                qx += weighted[i] * q;
                q2 += weights[i] * q * q;
            }
        }
        sumqx = qx;
        sumq2 = q2;
    }

    private static CodecException overflow() {
        return new CodecException("the values or their importance are too large to search for a scale");
    }
}
