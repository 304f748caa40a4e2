package org.kvant.codec.vector;

import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * How groups are laid out for the lanes. Sixteen groups are handled at once, one a lane, so that each lane goes through the
 * very operations of the scalar code, in its order: the results are identical, whatever the vectors' width. Narrower vectors
 * take the sixteen in several strides.
 */
final class Lanes {

    /** Groups in a batch; value i of group g stands at {@code i · GROUPS + g}. */
    static final int GROUPS = 16;

    static final VectorSpecies<Float> FLOATS =
            FloatVector.SPECIES_PREFERRED.length() > GROUPS ? FloatVector.SPECIES_512 : FloatVector.SPECIES_PREFERRED;
    static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);
    static final int WIDTH = FLOATS.length();

    /** Vectors of four bytes do not exist; machines with 128-bit vectors store bytes one by one. */
    private static final boolean BYTES_FIT = WIDTH >= 8;

    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(BYTES_FIT ? 8 * WIDTH : 64));

    private static final float MAGIC = 12582912f;
    private static final int MANTISSA = 0x007fffff;
    private static final int MAGIC_BITS = 0x4b400000;
    private static final int EXPONENT = 0x4b000000;

    private Lanes() {}

    /** Spreads up to {@link #GROUPS} consecutive groups of {@code n} values over the lanes; missing groups become zeros. */
    static void spread(float[] x, int xo, int groups, int n, float[] lanes) {
        if (groups < GROUPS) {
            Arrays.fill(lanes, 0, n * GROUPS, 0);
        }
        for (int g = 0; g < groups; g++) {
            int from = xo + g * n;
            for (int i = 0; i < n; i++) {
                lanes[i * GROUPS + g] = x[from + i];
            }
        }
    }

    static FloatVector get(float[] lanes, int i, int g) {
        return FloatVector.fromArray(FLOATS, lanes, i * GROUPS + g);
    }

    static FloatVector all(float v) {
        return FloatVector.broadcast(FLOATS, v);
    }

    /**
     * {@code clamp(nearest_int(v), low, high)} as floats, exactly as ggml's for every input: the mantissa of v + 1.5 · 2^23
     * holds the integer; with the exponent of 2^23 put above, integers and floats order alike.
     */
    static FloatVector nearest(FloatVector v, int low, int high) {
        return v.add(MAGIC)
                .reinterpretAsInts()
                .and(MANTISSA)
                .or(EXPONENT)
                .max(MAGIC_BITS + low)
                .min(MAGIC_BITS + high)
                .reinterpretAsFloats()
                .sub(MAGIC);
    }

    /** {@code clamp(nearest_int(v), low, high) - low}. */
    static IntVector nearestCode(FloatVector v, int low, int high) {
        return v.add(MAGIC)
                .reinterpretAsInts()
                .and(MANTISSA)
                .or(EXPONENT)
                .max(MAGIC_BITS + low)
                .min(MAGIC_BITS + high)
                .sub(MAGIC_BITS + low);
    }

    /** Of each lane, the first of n values of the largest magnitude, with its sign. */
    static FloatVector extreme(float[] x, int n, int g) {
        FloatVector max = all(0);
        FloatVector amax = max;
        for (int i = 0; i < n; i++) {
            FloatVector v = get(x, i, g);
            FloatVector magnitude = v.abs();
            VectorMask<Float> larger = amax.lt(magnitude);
            amax = amax.blend(magnitude, larger);
            max = max.blend(v, larger);
        }
        return max;
    }

    /** The largest magnitude of 32 consecutive values, as float bits. */
    static int largestOfBlock(float[] x, int xo) {
        IntVector largest =
                FloatVector.fromArray(FLOATS, x, xo).reinterpretAsInts().and(0x7fffffff);
        for (int i = WIDTH; i < 32; i += WIDTH) {
            largest = largest.max(
                    FloatVector.fromArray(FLOATS, x, xo + i).reinterpretAsInts().and(0x7fffffff));
        }
        return largest.reduceLanes(VectorOperators.MAX);
    }

    /** Stores the low byte of each lane. */
    static void putBytes(IntVector v, byte[] y, int yo) {
        if (BYTES_FIT) {
            ((ByteVector) v.castShape(BYTES, 0)).intoArray(y, yo);
        } else {
            for (int i = 0; i < WIDTH; i++) {
                y[yo + i] = (byte) v.lane(i);
            }
        }
    }

    /** As {@code BlockKernel.largestMagnitudeBits}. */
    static int largestMagnitudeBits(float[] x, int xo, int n) {
        IntVector largest = IntVector.zero(INTS);
        int i = 0;
        for (; i <= n - WIDTH; i += WIDTH) {
            largest = largest.max(
                    FloatVector.fromArray(FLOATS, x, xo + i).reinterpretAsInts().and(0x7fffffff));
        }
        int result = largest.reduceLanes(VectorOperators.MAX);
        for (; i < n; i++) {
            result = Math.max(result, Float.floatToRawIntBits(x[xo + i]) & 0x7fffffff);
        }
        return result;
    }
}
