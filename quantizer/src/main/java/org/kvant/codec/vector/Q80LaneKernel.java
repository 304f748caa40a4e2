package org.kvant.codec.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.kvant.codec.BlockKernel;
import org.kvant.codec.Half;

/** Q8_0: a block's values as lanes. */
final class Q80LaneKernel extends LaneKernel {

    private static final int BLOCK = 32;
    private static final int BYTES = 34;
    private static final int SIGN = 0x80000000;

    /** Bits of the largest float below one half: see {@code Rounding.halfAway}. */
    private static final int BELOW_HALF_BITS = 0x3effffff;

    Q80LaneKernel(BlockKernel scalar) {
        super(scalar);
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            float d = Float.intBitsToFloat(Lanes.largestOfBlock(x, xo)) / 127;
            Half.put(y, yo, d);
            float id = d != 0 ? 1 / d : 0;
            put(x, xo, id == Float.POSITIVE_INFINITY ? 0 : id, y, yo + 2);
        }
    }

    private static void put(float[] x, int xo, float id, byte[] y, int yo) {
        for (int i = 0; i < BLOCK; i += Lanes.WIDTH) {
            FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, xo + i).mul(id);
            FloatVector half =
                    v.reinterpretAsInts().and(SIGN).or(BELOW_HALF_BITS).reinterpretAsFloats();
            Lanes.putBytes((IntVector) v.add(half).convert(VectorOperators.F2I, 0), y, yo + i);
        }
    }
}
