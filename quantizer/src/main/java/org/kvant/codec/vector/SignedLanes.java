package org.kvant.codec.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.kvant.codec.Rounding;

/** {@code ScaleSearch.signed} and {@code signedByCode} for sixteen groups at once. */
final class SignedLanes {

    private static final int ROUNDS = 5;

    final LaneBatch batch;

    /** One a group: the scale found. */
    final float[] scales = new float[Lanes.GROUPS];

    private final int nmax;

    /** After {@link #search}, the codes are {@code nearest(codeInverse · x) + nmax}; an inverse of zero stands for codes 0. */
    private final float[] codeInverses = new float[Lanes.GROUPS];

    /** After {@link #searchByCode}, the codes less nmax, or −nmax for codes 0. */
    private final float[] codes;

    private final float[] weighted;

    SignedLanes(int n, int nmax) {
        this.nmax = nmax;
        batch = new LaneBatch(n);
        codes = new float[n * Lanes.GROUPS];
        weighted = new float[n * Lanes.GROUPS];
    }

    void search() {
        for (int g = 0; g < Lanes.GROUPS; g += Lanes.WIDTH) {
            search(g, batch.n, nmax, batch.x, batch.weights);
        }
    }

    private void search(int g, int n, int half, float[] x, float[] weights) {
        FloatVector max = Lanes.extreme(x, n, g);
        for (int i = 0; i < n; i++) {
            Lanes.get(weights, i, g).mul(Lanes.get(x, i, g)).intoArray(weighted, i * Lanes.WIDTH);
        }
        FloatVector zero = Lanes.all(0);
        FloatVector codeInverse = zero;
        FloatVector scale = zero;
        FloatVector best = zero;
        // The candidate of ggml's first pass, 0, comes first and counts without a comparison.
        for (int k = -10; k <= 9; k++) {
            int is = k == -10 ? 0 : k;
            if (k == 0) {
                continue;
            }
            FloatVector iscale = Lanes.all(-(half + 0.1f * is)).div(max);
            FloatVector sumlx = zero;
            FloatVector suml2 = zero;
            for (int i = 0; i < n; i++) {
                FloatVector l = Lanes.nearest(iscale.mul(Lanes.get(x, i, g)), -half, half - 1);
                sumlx = sumlx.add(FloatVector.fromArray(Lanes.FLOATS, weighted, i * Lanes.WIDTH)
                        .mul(l));
                suml2 = suml2.add(Lanes.get(weights, i, g).mul(l).mul(l));
            }
            if (k == -10) {
                scale = sumlx.div(suml2).blend(zero, suml2.eq(zero));
                best = scale.mul(sumlx);
                codeInverse = iscale;
            } else {
                VectorMask<Float> better = suml2.compare(VectorOperators.GT, zero)
                        .and(sumlx.mul(sumlx).compare(VectorOperators.GT, best.mul(suml2)));
                FloatVector tryScale = sumlx.div(suml2);
                scale = scale.blend(tryScale, better);
                best = best.blend(tryScale.mul(sumlx), better);
                codeInverse = codeInverse.blend(iscale, better);
            }
        }
        VectorMask<Float> none = max.abs().lt(Rounding.GROUP_MAX_EPS);
        scale.blend(zero, none).intoArray(scales, g);
        codeInverse.blend(zero, none).intoArray(codeInverses, g);
    }

    /** The codes of one group after {@link #search}. */
    void codes(int group, byte[] y, int yo) {
        for (int i = 0; i < batch.n; i++) {
            int l = Rounding.nearest(codeInverses[group] * batch.x[i * Lanes.GROUPS + group]);
            y[yo + i] = (byte) (codeInverses[group] == 0 ? 0 : nmax + Rounding.clamp(l, -nmax, nmax - 1));
        }
    }

    void searchByCode() {
        for (int g = 0; g < Lanes.GROUPS; g += Lanes.WIDTH) {
            searchByCode(g, batch.n, nmax, batch.x);
        }
    }

    private void searchByCode(int g, int n, int half, float[] x) {
        FloatVector max = Lanes.extreme(x, n, g);
        FloatVector zero = Lanes.all(0);
        FloatVector iscale = Lanes.all(-half).div(max);
        FloatVector sumlx = zero;
        FloatVector suml2 = zero;
        for (int i = 0; i < n; i++) {
            FloatVector v = Lanes.get(x, i, g);
            FloatVector l = Lanes.nearest(iscale.mul(v), -half, half - 1);
            l.intoArray(codes, i * Lanes.GROUPS + g);
            FloatVector w = v.mul(v);
            sumlx = sumlx.add(w.mul(v).mul(l));
            suml2 = suml2.add(w.mul(l).mul(l));
        }
        // A round that changes nothing leaves nothing to change for the next: lanes that are done may go on.
        boolean changed = true;
        for (int round = 0; round < ROUNDS && changed; round++) {
            VectorMask<Float> any = max.compare(VectorOperators.NE, max);
            for (int i = 0; i < n; i++) {
                FloatVector v = Lanes.get(x, i, g);
                FloatVector l = Lanes.get(codes, i, g);
                FloatVector w = v.mul(v);
                FloatVector wv = w.mul(v);
                FloatVector slx = sumlx.sub(wv.mul(l));
                FloatVector sl2 = suml2.sub(w.mul(l).mul(l));
                FloatVector next = Lanes.nearest(v.mul(sl2).div(slx), -half, half - 1);
                VectorMask<Float> better =
                        slx.compare(VectorOperators.GT, zero).and(next.compare(VectorOperators.NE, l));
                slx = slx.add(wv.mul(next));
                sl2 = sl2.add(w.mul(next).mul(next));
                better = better.and(sl2.compare(VectorOperators.GT, zero))
                        .and(slx.mul(slx)
                                .mul(suml2)
                                .compare(VectorOperators.GT, sumlx.mul(sumlx).mul(sl2)));
                l.blend(next, better).intoArray(codes, i * Lanes.GROUPS + g);
                sumlx = sumlx.blend(slx, better);
                suml2 = suml2.blend(sl2, better);
                any = any.or(better);
            }
            changed = any.anyTrue();
        }
        VectorMask<Float> none = max.abs().lt(Rounding.GROUP_MAX_EPS);
        sumlx.div(suml2)
                .blend(zero, suml2.compare(VectorOperators.GT, zero).not().or(none))
                .intoArray(scales, g);
        for (int i = 0; i < n; i++) {
            Lanes.get(codes, i, g).blend(Lanes.all(-half), none).intoArray(codes, i * Lanes.GROUPS + g);
        }
    }

    /** The codes of one group after {@link #searchByCode}. */
    void codesByCode(int group, byte[] y, int yo) {
        for (int i = 0; i < batch.n; i++) {
            y[yo + i] = (byte) (nmax + (int) codes[i * Lanes.GROUPS + group]);
        }
    }
}
