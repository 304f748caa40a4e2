package org.kvant.codec.vector;

import org.kvant.codec.BlockKernel;

/** What the twins of simple blocks have in common: what is not worth vectors goes to the scalar kernel. */
abstract class LaneKernel implements BlockKernel {

    final BlockKernel scalar;

    LaneKernel(BlockKernel scalar) {
        this.scalar = scalar;
    }

    @Override
    public final boolean weighted() {
        return scalar.weighted();
    }

    @Override
    public final void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        scalar.decode(y, yo, x, xo, blocks);
    }

    @Override
    public final int[] scaleOffsets() {
        return scalar.scaleOffsets();
    }

    @Override
    public final int largestMagnitudeBits(float[] x, int xo, int n) {
        return Lanes.largestMagnitudeBits(x, xo, n);
    }
}
