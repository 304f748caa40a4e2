package org.kvant.codec.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.kvant.codec.NonLinear;
import org.kvant.codec.Rounding;

/** {@link NonLinear} for sixteen groups at once. */
final class NonLinearLanes {

    private static final int N = NonLinear.GROUP;

    final LaneBatch batch = new LaneBatch(N);

    /** One a group: the scale found. */
    final float[] scales = new float[Lanes.GROUPS];

    private final float[] best = new float[Lanes.GROUPS];
    private final float[] maxima = new float[Lanes.GROUPS];

    void search() {
        for (int g = 0; g < Lanes.GROUPS; g += Lanes.WIDTH) {
            FloatVector max = Lanes.extreme(batch.x, N, g);
            max.intoArray(maxima, g);
            FloatVector first = Lanes.all(1).div(max.neg().div(NonLinear.level(0)));
            attempt(g, first, true, batch.x, batch.weights);
            for (int itry = -NonLinear.TRIES; itry <= NonLinear.TRIES; itry++) {
                attempt(g, Lanes.all(itry + NonLinear.level(0)).div(max), false, batch.x, batch.weights);
            }
            FloatVector.fromArray(Lanes.FLOATS, scales, g)
                    .blend(Lanes.all(0), max.abs().lt(Rounding.GROUP_MAX_EPS))
                    .intoArray(scales, g);
        }
    }

    private void attempt(int g, FloatVector id, boolean first, float[] x, float[] weights) {
        FloatVector zero = Lanes.all(0);
        FloatVector sumqx = zero;
        FloatVector sumq2 = zero;
        for (int i = 0; i < N; i++) {
            FloatVector v = Lanes.get(x, i, g);
            FloatVector q = level(id.mul(v));
            FloatVector wq = Lanes.get(weights, i, g).mul(q);
            sumqx = sumqx.add(wq.mul(v));
            sumq2 = sumq2.add(wq.mul(q));
        }
        FloatVector scale = sumqx.div(sumq2);
        VectorMask<Float> positive = sumq2.compare(VectorOperators.GT, 0);
        if (first) {
            scale = zero.blend(scale, positive);
            scale.intoArray(scales, g);
            scale.mul(sumqx).intoArray(best, g);
        } else {
            FloatVector old = FloatVector.fromArray(Lanes.FLOATS, best, g);
            VectorMask<Float> better = positive.and(sumqx.mul(sumqx).compare(VectorOperators.GT, old.mul(sumq2)));
            old.blend(scale.mul(sumqx), better).intoArray(best, g);
            FloatVector.fromArray(Lanes.FLOATS, scales, g).blend(scale, better).intoArray(scales, g);
        }
    }

    /**
     * The level that ggml's search finds: the differences it compares are exact near the middle of two levels, so that the
     * middles decide. Counting down from the top sends NaN where ggml sends it.
     */
    private static FloatVector level(FloatVector v) {
        FloatVector level = Lanes.all(NonLinear.level(15));
        for (int k = 0; k < 15; k++) {
            level = level.lanewise(VectorOperators.SUB, NonLinear.gap(k), v.lt(NonLinear.middle(k)));
        }
        return level;
    }

    /** The codes of a group that stands in order. */
    static void codes(float id, float[] x, int xo, byte[] codes, int co) {
        for (int i = 0; i < N; i += Lanes.WIDTH) {
            FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, xo + i).mul(id);
            IntVector code = IntVector.broadcast(Lanes.INTS, 15);
            for (int k = 0; k < 15; k++) {
                code = code.lanewise(
                        VectorOperators.SUB, 1, v.lt(NonLinear.middle(k)).cast(Lanes.INTS));
            }
            Lanes.putBytes(code, codes, co + i);
        }
    }
}
