package org.kvant.linalg.vector;

import static org.kvant.linalg.ExpPolynomial.*;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.kvant.linalg.FloatMath;

/** On the Vector API. */
final class VectorFloatMath implements FloatMath {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int WIDTH = LANES.length();

    @Override
    public float max(float[] x, int offset, int length) {
        FloatVector max = FloatVector.broadcast(LANES, Float.NEGATIVE_INFINITY);
        int bound = LANES.loopBound(length);
        for (int i = 0; i < bound; i += WIDTH) {
            max = max.max(FloatVector.fromArray(LANES, x, offset + i));
        }
        float result = max.reduceLanes(VectorOperators.MAX);
        for (int i = bound; i < length; i++) {
            result = Math.max(result, x[offset + i]);
        }
        return result;
    }

    @Override
    public float sum(float[] x, int offset, int length) {
        FloatVector even = FloatVector.zero(LANES);
        FloatVector odd = FloatVector.zero(LANES);
        int pairs = length - length % (2 * WIDTH);
        for (int i = 0; i < pairs; i += 2 * WIDTH) {
            even = even.add(FloatVector.fromArray(LANES, x, offset + i));
            odd = odd.add(FloatVector.fromArray(LANES, x, offset + i + WIDTH));
        }
        float result = sum(even.add(odd));
        for (int i = pairs; i < length; i++) {
            result += x[offset + i];
        }
        return result;
    }

    @Override
    public float dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
        FloatVector even = FloatVector.zero(LANES);
        FloatVector odd = FloatVector.zero(LANES);
        int pairs = length - length % (2 * WIDTH);
        for (int i = 0; i < pairs; i += 2 * WIDTH) {
            even = FloatVector.fromArray(LANES, a, aOffset + i).fma(FloatVector.fromArray(LANES, b, bOffset + i), even);
            odd = FloatVector.fromArray(LANES, a, aOffset + i + WIDTH)
                    .fma(FloatVector.fromArray(LANES, b, bOffset + i + WIDTH), odd);
        }
        float result = sum(even.add(odd));
        for (int i = pairs; i < length; i++) {
            result = Math.fma(a[aOffset + i], b[bOffset + i], result);
        }
        return result;
    }

    @Override
    public void exp(float[] x, int xOffset, float shift, float[] y, int yOffset, int length) {
        int bound = LANES.loopBound(length);
        for (int i = 0; i < bound; i += WIDTH) {
            exp(FloatVector.fromArray(LANES, x, xOffset + i).add(shift)).intoArray(y, yOffset + i);
        }
        if (bound < length) {
            VectorMask<Float> rest = LANES.indexInRange(bound, length);
            exp(FloatVector.fromArray(LANES, x, xOffset + bound, rest).add(shift))
                    .intoArray(y, yOffset + bound, rest);
        }
    }

    private static FloatVector exp(FloatVector x) {
        FloatVector clamped = x.max(LOWEST).min(HIGHEST);
        FloatVector rounding = FloatVector.broadcast(LANES, ROUNDING);
        FloatVector shifted = clamped.fma(FloatVector.broadcast(LANES, LOG2_E), rounding);
        FloatVector n = shifted.sub(rounding);
        FloatVector r = n.fma(FloatVector.broadcast(LANES, -LN2_HIGH), clamped);
        r = n.fma(FloatVector.broadcast(LANES, -LN2_LOW), r);
        FloatVector p = FloatVector.broadcast(LANES, P0).fma(r, FloatVector.broadcast(LANES, P1));
        p = p.fma(r, FloatVector.broadcast(LANES, P2));
        p = p.fma(r, FloatVector.broadcast(LANES, P3));
        p = p.fma(r, FloatVector.broadcast(LANES, P4));
        p = p.fma(r, FloatVector.broadcast(LANES, P5));
        p = p.fma(r.mul(r), r).add(1f);
        IntVector exponent =
                shifted.viewAsIntegralLanes().reinterpretAsInts().lanewise(VectorOperators.LSHL, EXPONENT_SHIFT);
        IntVector bits = p.viewAsIntegralLanes().reinterpretAsInts().add(exponent);
        FloatVector result = bits.viewAsFloatingLanes().reinterpretAsFloats();
        return result.blend(0f, x.compare(VectorOperators.LT, LOWEST));
    }

    /** In order: reduceLanes may add in another one once it is compiled, and results would differ from run to run. */
    private static float sum(FloatVector lanes) {
        float[] values = lanes.toArray();
        float sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum;
    }
}
