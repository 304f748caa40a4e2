package org.kvant.round;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/** Points of a codebook times {@code d · (base + rise · s)}, s an integer of each group: IQ1, IQ2 and IQ3. */
final class CodebookGrid extends Grid {

    /** Scales tried for a group, from {@link #LEAST} to {@link #MOST} of the one that just reaches the largest value. */
    private static final int CANDIDATES = 8;

    private static final float LEAST = 0.45f;
    private static final float MOST = 1.15f;

    private static final int ROUNDS = 2;

    private final float base;
    private final float rise;
    private final int highest;
    private final int groups;
    private final Supplier<PointSet> source;
    private volatile @Nullable PointSet set;

    /** @param source makes the points, when first needed */
    CodebookGrid(
            GgmlType type, Supplier<PointSet> source, int group, float base, float rise, int highest, Layout layout) {
        super(type, Levels.uniform(0, 1), group, layout);
        this.source = source;
        this.base = base;
        this.rise = rise;
        this.highest = highest;
        this.groups = block / group;
    }

    PointSet set() {
        PointSet made = set;
        if (made == null) {
            synchronized (this) {
                made = set;
                if (made == null) {
                    made = source.get();
                    set = made;
                }
            }
        }
        return made;
    }

    @Override
    boolean superBlock() {
        return true;
    }

    @Override
    int unit() {
        return UnitSearch.UNIT;
    }

    @Override
    Code newCode(int columns) {
        return new Code(columns, group, block, set().dimensions);
    }

    /** The shifts that the units of group g may have: those it has, where all have the same. */
    int shifts(Code code, int g) {
        return set().signs == PointSet.Signs.GROUP_SHIFT ? 1 << code.signs[g * group / UnitSearch.UNIT] : 3;
    }

    private int[] shiftChoices() {
        return set().signs == PointSet.Signs.GROUP_SHIFT ? new int[] {1, 2} : new int[] {3};
    }

    /** A group under one scale and one set of shifts. */
    private final class Trial {
        final UnitSearch search = new UnitSearch(set());
        private final float[] coordinates = new float[UnitSearch.UNIT];
        double sumXq;
        double sumQq;
        double error;

        void run(float[] x, int xo, float[] w, int wo, float step, int shifts) {
            sumXq = 0;
            sumQq = 0;
            error = 0;
            for (int u = 0; u < group; u += UnitSearch.UNIT) {
                search.search(x, xo + u, step, w, wo + u, set().quick(), 1, shifts);
                search.coordinates(0, coordinates);
                float xq = 0;
                float qq = 0;
                float e = 0;
                for (int i = 0; i < UnitSearch.UNIT; i++) {
                    float q = coordinates[i];
                    float wq = w[wo + u + i] * q;
                    float diff = x[xo + u + i] - step * q;
                    xq += wq * x[xo + u + i];
                    qq += wq * q;
                    e += w[wo + u + i] * diff * diff;
                }
                sumXq += xq;
                sumQq += qq;
                error += e;
            }
        }
    }

    @Override
    void fit(float[] x, float[] w, int wo, Code code, int b) {
        Trial trial = new Trial();
        double[] scales = new double[groups];
        double[] curvatures = new double[groups];
        for (int g = 0; g < groups; g++) {
            scales[g] = fitGroup(trial, x, g * group, w, wo + g * group, code, b * groups + g);
            curvatures[g] = trial.sumQq;
        }
        code.d[b] = half(superScale(scales, curvatures));
        for (int g = 0; g < groups; g++) {
            code.s[b * groups + g] = (short) integer(scales[g], single(code.d[b]));
        }
        decodeScales(code, b);
        double xq = 0;
        double qq = 0;
        for (int g = 0; g < groups; g++) {
            int k = b * groups + g;
            chooseOne(trial, x, g * group, w, wo + g * group, code, k, 1);
            trial.run(x, g * group, w, wo + g * group, code.step[k], shifts(code, k));
            double factor = base + rise * code.s[k];
            xq += factor * trial.sumXq;
            qq += factor * factor * trial.sumQq;
        }
        if (qq > 0 && xq > 0) {
            code.d[b] = half(xq / qq);
        }
        decodeScales(code, b);
    }

    /** The scale of a group, and its shift if it has one. */
    private double fitGroup(Trial trial, float[] x, int xo, float[] w, int wo, Code code, int g) {
        float largest = 0;
        for (int i = 0; i < group; i++) {
            largest = Math.max(largest, Math.abs(x[xo + i]));
        }
        double best = 0;
        double bestGain = -1;
        int bestShifts = 1;
        float[] levels = set().levels[0];
        float reach = largest / levels[levels.length - 1];
        for (int shifts : largest > 1e-30f ? shiftChoices() : new int[0]) {
            for (int c = 0; c < CANDIDATES + ROUNDS; c++) {
                float step = c < CANDIDATES ? reach * (LEAST + (MOST - LEAST) * c / (CANDIDATES - 1)) : (float) best;
                trial.run(x, xo, w, wo, step, shifts);
                if (trial.sumXq > 0 && trial.sumXq * trial.sumXq > bestGain * trial.sumQq) {
                    bestGain = trial.sumXq * trial.sumXq / trial.sumQq;
                    best = trial.sumXq / trial.sumQq;
                    bestShifts = shifts;
                }
            }
        }
        setShift(code, g, bestShifts);
        trial.run(x, xo, w, wo, (float) best, bestShifts);
        return best;
    }

    private void setShift(Code code, int g, int shifts) {
        if (set().signs == PointSet.Signs.GROUP_SHIFT) {
            for (int u = g * group / UnitSearch.UNIT; u < (g + 1) * group / UnitSearch.UNIT; u++) {
                code.signs[u] = (byte) (shifts == 2 ? 1 : 0);
            }
        }
    }

    private double superScale(double[] scales, double[] curvatures) {
        double max = 0;
        for (double scale : scales) {
            max = Math.max(max, scale);
        }
        double best = 0;
        double bestError = Double.POSITIVE_INFINITY;
        for (int c = -4; c <= 16; c++) {
            double d = max / (base + rise * (highest - 0.05 * highest / 3 * c));
            double error = 0;
            for (int g = 0; g < groups; g++) {
                double diff = scales[g] - d * (base + rise * integer(scales[g], d));
                error += curvatures[g] * diff * diff;
            }
            if (error < bestError) {
                bestError = error;
                best = d;
            }
        }
        return best;
    }

    private int integer(double scale, double d) {
        return d > 0 ? (int) Math.clamp(Math.rint((scale / d - base) / rise), 0, highest) : 0;
    }

    /** The best s within reach, and shift. */
    private void chooseOne(Trial trial, float[] x, int xo, float[] w, int wo, Code code, int g, int reach) {
        int middle = code.s[g];
        float d = single(code.d[g / groups]);
        double best = Double.POSITIVE_INFINITY;
        for (int s = Math.max(0, middle - reach); s <= Math.min(highest, middle + reach); s++) {
            for (int shifts : shiftChoices()) {
                trial.run(x, xo, w, wo, step(d, s), shifts);
                if (trial.error < best) {
                    best = trial.error;
                    code.s[g] = (short) s;
                    setShift(code, g, shifts);
                }
            }
        }
        code.step[g] = step(d, code.s[g]);
    }

    /** In the decoders' order of multiplications; all factors but d are short, so that base and rise may stand outside. */
    private float step(float d, int s) {
        return d * (base + rise * s);
    }

    @Override
    void adapt(float[] x, float[] w, int wo, Code code, int g) {
        chooseOne(new Trial(), x, 0, w, wo, code, g, 1);
    }

    @Override
    void decodeScales(Code code, int b) {
        for (int g = b * groups; g < (b + 1) * groups; g++) {
            code.step[g] = step(single(code.d[b]), code.s[g]);
        }
    }

    @Override
    void refitGroup(Code code, int g, double a11, double a12, double a22, double b1, double b2) {
        float d = single(code.d[g / groups]);
        code.s[g] = (short) integer(code.step[g] + (a11 > 0 ? b1 / a11 : 0), d);
        code.step[g] = step(d, code.s[g]);
    }

    @Override
    void refitBlock(Code code, int b, double a11, double a12, double a22, double b1, double b2) {
        code.d[b] = half(Math.max(0, single(code.d[b]) + (a11 > 0 ? b1 / a11 : 0)));
        decodeScales(code, b);
    }

    private float coordinate(Code code, int j) {
        PointSet points = set();
        return UnitSearch.coordinate(
                points, code.points[j / points.dimensions], code.signs[j / UnitSearch.UNIT], j % UnitSearch.UNIT);
    }

    @Override
    void values(Code code, int from, int to, float[] out) {
        for (int j = from; j < to; j++) {
            out[j] = code.step[j / group] * coordinate(code, j);
        }
    }

    @Override
    void groupBasis(Code code, int g, float[] first, float[] second) {
        for (int i = 0; i < group; i++) {
            first[i] = coordinate(code, g * group + i);
        }
    }

    @Override
    void blockBasis(Code code, int b, float[] first, float[] second) {
        for (int i = 0; i < block; i++) {
            int j = b * block + i;
            first[i] = (base + rise * code.s[j / group]) * coordinate(code, j);
        }
    }
}
