package org.kvant.codec.vector;

import org.kvant.codec.BlockKernel;
import org.kvant.codec.Half;
import org.kvant.codec.Nibbles;
import org.kvant.codec.NonLinear;

/** IQ4_NL, sixteen blocks at a time. */
final class Iq4NlLaneKernel extends LaneKernel {

    private static final int BLOCK = 32;
    private static final int BYTES = 18;

    Iq4NlLaneKernel(BlockKernel scalar) {
        super(scalar);
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        NonLinearLanes lanes = new NonLinearLanes();
        for (int b = 0; b < blocks; b += Lanes.GROUPS) {
            int n = Math.min(Lanes.GROUPS, blocks - b);
            lanes.batch.load(x, xo + b * BLOCK, n);
            lanes.batch.weighBySquare();
            lanes.search();
            put(lanes, n, x, xo + b * BLOCK, y, yo + b * BYTES);
        }
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        NonLinearLanes lanes = new NonLinearLanes();
        int blocks = rows * (columns / BLOCK);
        float[] sigmas = LaneBatch.sigmas(x, xo, blocks, BLOCK, 2);
        for (int b = 0; b < blocks; b += Lanes.GROUPS) {
            int n = Math.min(Lanes.GROUPS, blocks - b);
            int position = b * BLOCK;
            lanes.batch.load(x, xo + position, n);
            lanes.batch.weigh(importance, position % columns, columns, n, sigmas, BLOCK, position);
            lanes.search();
            put(lanes, n, x, xo + position, y, yo + b * BYTES);
        }
    }

    private static void put(NonLinearLanes lanes, int blocks, float[] x, int xo, byte[] y, int yo) {
        byte[] codes = new byte[BLOCK];
        for (int k = 0; k < blocks; k++, yo += BYTES) {
            Half.put(y, yo, lanes.scales[k]);
            NonLinearLanes.codes(NonLinear.inverse(lanes.scales[k]), x, xo + k * BLOCK, codes, 0);
            Nibbles.pack(codes, 0, y, yo + 2);
        }
    }
}
