package org.kvant.codec.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.kvant.codec.AffineSearch;

/**
 * {@link AffineSearch} for sixteen groups at once. The state between the steps is kept in arrays and each step is a small
 * method of its own: the compiler then keeps every vector in a register, and has its code ready soon.
 */
final class AffineLanes {

    /** What is searched. */
    final LaneBatch batch;

    /** One of each a group: the scale found, the negated minimum. */
    final float[] scales = new float[Lanes.GROUPS];

    final float[] mins = new float[Lanes.GROUPS];

    private final AffineSearch search;
    private final float[] minima = new float[Lanes.GROUPS];
    private final float[] maxima = new float[Lanes.GROUPS];
    private final float[] firstMinima = new float[Lanes.GROUPS];
    private final float[] weightSums = new float[Lanes.GROUPS];
    private final float[] valueSums = new float[Lanes.GROUPS];
    private final float[] bestErrors = new float[Lanes.GROUPS];

    /** The codes of the best so far are {@code nearest(codeInverse · (x − codeMin))}. */
    private final float[] codeInverses = new float[Lanes.GROUPS];

    private final float[] codeMins = new float[Lanes.GROUPS];

    /** The candidate: its inverse scale for rounding, its codes, and the scale and minimum that fit them. */
    private final float[] inverses = new float[Lanes.GROUPS];

    private final float[] codes;
    private final float[] tryScales = new float[Lanes.GROUPS];
    private final float[] tryMins = new float[Lanes.GROUPS];
    private final float[] determinants = new float[Lanes.GROUPS];

    AffineLanes(AffineSearch search) {
        this.search = search;
        batch = new LaneBatch(search.n());
        codes = new float[search.n() * Lanes.GROUPS];
    }

    void run() {
        int n = search.n();
        int nmax = search.nmax();
        for (int g = 0; g < Lanes.GROUPS; g += Lanes.WIDTH) {
            start(g, n, nmax, batch.x, batch.weights);
            choose(g, n, true);
            for (int is = 0; is <= search.steps(); is++) {
                fit(g, n, nmax, search.rmin() + search.rdelta() * is + nmax, batch.x, batch.weights);
                choose(g, n, false);
            }
            finish(g);
        }
    }

    private void choose(int g, int n, boolean first) {
        if (search.absolute()) {
            chooseByMagnitude(g, n, batch.x, batch.weights, first);
        } else {
            chooseBySquare(g, n, batch.x, batch.weights, first);
        }
    }

    /** The sums, the range, and as first candidate the range over nmax. */
    private void start(int g, int n, int nmax, float[] x, float[] weights) {
        FloatVector min = Lanes.get(x, 0, g);
        FloatVector max = min;
        FloatVector sumW = Lanes.get(weights, 0, g);
        FloatVector sumX = sumW.mul(min);
        for (int i = 1; i < n; i++) {
            FloatVector v = Lanes.get(x, i, g);
            FloatVector w = Lanes.get(weights, i, g);
            min = min.blend(v, v.lt(min));
            max = max.blend(v, max.lt(v));
            sumW = sumW.add(w);
            sumX = sumX.add(w.mul(v));
        }
        min = min.blend(Lanes.all(0), min.compare(VectorOperators.GT, 0));
        FloatVector iscale = Lanes.all(nmax).div(max.sub(min));
        sumW.intoArray(weightSums, g);
        sumX.intoArray(valueSums, g);
        min.intoArray(minima, g);
        max.intoArray(maxima, g);
        min.intoArray(firstMinima, g);
        min.intoArray(tryMins, g);
        iscale.intoArray(inverses, g);
        iscale.intoArray(codeInverses, g);
        min.intoArray(codeMins, g);
        FloatVector scale = Lanes.all(1).div(iscale);
        scale.intoArray(tryScales, g);
        scale.intoArray(scales, g);
        for (int i = 0; i < n; i++) {
            Lanes.nearest(iscale.mul(Lanes.get(x, i, g).sub(min)), 0, nmax).intoArray(codes, i * Lanes.GROUPS + g);
        }
    }

    /** The codes of the next candidate and the least-squares fit to them. */
    private void fit(int g, int n, int nmax, float levels, float[] x, float[] weights) {
        FloatVector min = FloatVector.fromArray(Lanes.FLOATS, minima, g);
        FloatVector iscale = Lanes.all(levels)
                .div(FloatVector.fromArray(Lanes.FLOATS, maxima, g).sub(min));
        FloatVector sumL = Lanes.all(0);
        FloatVector sumL2 = sumL;
        FloatVector sumXL = sumL;
        for (int i = 0; i < n; i++) {
            FloatVector v = Lanes.get(x, i, g);
            FloatVector l = Lanes.nearest(iscale.mul(v.sub(min)), 0, nmax);
            l.intoArray(codes, i * Lanes.GROUPS + g);
            FloatVector wl = Lanes.get(weights, i, g).mul(l);
            sumL = sumL.add(wl);
            sumL2 = sumL2.add(wl.mul(l));
            sumXL = sumXL.add(wl.mul(v));
        }
        FloatVector sumW = FloatVector.fromArray(Lanes.FLOATS, weightSums, g);
        FloatVector sumX = FloatVector.fromArray(Lanes.FLOATS, valueSums, g);
        FloatVector determinant = sumW.mul(sumL2).sub(sumL.mul(sumL));
        FloatVector tryScale = sumW.mul(sumXL).sub(sumX.mul(sumL)).div(determinant);
        FloatVector tryMin = sumL2.mul(sumX).sub(sumL.mul(sumXL)).div(determinant);
        VectorMask<Float> above = tryMin.compare(VectorOperators.GT, 0);
        iscale.intoArray(inverses, g);
        determinant.intoArray(determinants, g);
        tryScale.blend(sumXL.div(sumL2), above).intoArray(tryScales, g);
        tryMin.blend(Lanes.all(0), above).intoArray(tryMins, g);
    }

    private void chooseBySquare(int g, int n, float[] x, float[] weights, boolean first) {
        FloatVector tryScale = FloatVector.fromArray(Lanes.FLOATS, tryScales, g);
        FloatVector tryMin = FloatVector.fromArray(Lanes.FLOATS, tryMins, g);
        FloatVector error = Lanes.all(0);
        for (int i = 0; i < n; i++) {
            FloatVector diff = tryScale.mul(Lanes.get(codes, i, g)).add(tryMin).sub(Lanes.get(x, i, g));
            error = error.add(Lanes.get(weights, i, g).mul(diff.mul(diff)));
        }
        if (first) {
            error.intoArray(bestErrors, g);
        } else {
            keep(g, error);
        }
    }

    private void chooseByMagnitude(int g, int n, float[] x, float[] weights, boolean first) {
        FloatVector tryScale = FloatVector.fromArray(Lanes.FLOATS, tryScales, g);
        FloatVector tryMin = FloatVector.fromArray(Lanes.FLOATS, tryMins, g);
        FloatVector error = Lanes.all(0);
        for (int i = 0; i < n; i++) {
            FloatVector diff = tryScale.mul(Lanes.get(codes, i, g)).add(tryMin).sub(Lanes.get(x, i, g));
            error = error.add(Lanes.get(weights, i, g).mul(diff.abs()));
        }
        if (first) {
            error.intoArray(bestErrors, g);
        } else {
            keep(g, error);
        }
    }

    /** Lets the candidate win in the lanes where it is better. */
    private void keep(int g, FloatVector error) {
        FloatVector determinant = FloatVector.fromArray(Lanes.FLOATS, determinants, g);
        FloatVector best = FloatVector.fromArray(Lanes.FLOATS, bestErrors, g);
        VectorMask<Float> better = determinant.compare(VectorOperators.GT, 0).and(error.lt(best));
        best.blend(error, better).intoArray(bestErrors, g);
        replace(codeInverses, inverses, g, better);
        replace(codeMins, minima, g, better);
        replace(scales, tryScales, g, better);
        replace(minima, tryMins, g, better);
    }

    private static void replace(float[] old, float[] candidate, int g, VectorMask<Float> better) {
        FloatVector.fromArray(Lanes.FLOATS, old, g)
                .blend(FloatVector.fromArray(Lanes.FLOATS, candidate, g), better)
                .intoArray(old, g);
    }

    /** Groups without a range have scale 0 and codes 0. */
    private void finish(int g) {
        FloatVector zero = Lanes.all(0);
        FloatVector firstMin = FloatVector.fromArray(Lanes.FLOATS, firstMinima, g);
        VectorMask<Float> flat = FloatVector.fromArray(Lanes.FLOATS, maxima, g).compare(VectorOperators.LE, firstMin);
        FloatVector.fromArray(Lanes.FLOATS, scales, g).blend(zero, flat).intoArray(scales, g);
        FloatVector.fromArray(Lanes.FLOATS, codeInverses, g).blend(zero, flat).intoArray(codeInverses, g);
        FloatVector.fromArray(Lanes.FLOATS, minima, g)
                .blend(firstMin, flat)
                .neg()
                .intoArray(mins, g);
    }

    /** The codes of one group as the search left them, for groups whose rounded scale is zero. */
    void codes(int group, byte[] y, int yo) {
        for (int i = 0; i < search.n(); i++) {
            y[yo + i] = (byte)
                    (codeInverses[group] == 0
                            ? 0
                            : search.code(codeInverses[group], batch.x[i * Lanes.GROUPS + group], codeMins[group]));
        }
    }
}
