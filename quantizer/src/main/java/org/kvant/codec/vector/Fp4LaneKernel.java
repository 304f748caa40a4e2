package org.kvant.codec.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.kvant.codec.BlockKernel;
import org.kvant.codec.Fp4;

/** MXFP4 and NVFP4: a group's values as lanes, each of which tries the sixteen codes in order. */
final class Fp4LaneKernel extends LaneKernel {

    private final Fp4.Format format;

    Fp4LaneKernel(Fp4.Format format, BlockKernel scalar) {
        super(scalar);
        this.format = format;
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        int n = 2 * format.half();
        int[] codes = new int[n];
        for (int b = 0; b < blocks; b++, yo += format.bytes()) {
            for (int g = 0; g < format.groups(); g++, xo += n) {
                float scale = format.putScale(x, xo, y, yo, g);
                for (int i = 0; i < n; i += Lanes.WIDTH) {
                    nearest(FloatVector.fromArray(Lanes.FLOATS, x, xo + i), scale)
                            .intoArray(codes, i);
                }
                int to = yo + format.codes() + format.half() * g;
                for (int j = 0; j < format.half(); j++) {
                    y[to + j] = (byte) (codes[j] | codes[format.half() + j] << 4);
                }
            }
        }
    }

    private static IntVector nearest(FloatVector v, float scale) {
        FloatVector error = v.neg().abs();
        IntVector best = IntVector.zero(Lanes.INTS);
        for (int k = 1; k < 16; k++) {
            FloatVector next = Lanes.all(Fp4.value(k) * scale).sub(v).abs();
            VectorMask<Float> nearer = next.compare(VectorOperators.LT, error);
            error = error.blend(next, nearer);
            best = best.blend(k, nearer.cast(Lanes.INTS));
        }
        return best;
    }
}
