package org.kvant.codec.vector;

import org.kvant.codec.BlockKernel;
import org.kvant.codec.Iq4XsKernel;
import org.kvant.codec.Nibbles;
import org.kvant.codec.SuperBlock;

/** IQ4_XS, two super-blocks of eight groups at a time. */
final class Iq4XsLaneKernel extends LaneKernel {

    private static final int AT_A_TIME = Lanes.GROUPS / Iq4XsKernel.GROUPS;

    Iq4XsLaneKernel(BlockKernel scalar) {
        super(scalar);
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        NonLinearLanes lanes = new NonLinearLanes();
        for (int b = 0; b < blocks; b += AT_A_TIME) {
            int n = Math.min(AT_A_TIME, blocks - b);
            lanes.batch.load(x, xo + b * SuperBlock.SIZE, n * Iq4XsKernel.GROUPS);
            lanes.batch.weighBySquare();
            lanes.search();
            put(lanes, n, x, xo + b * SuperBlock.SIZE, y, yo + b * Iq4XsKernel.BYTES);
        }
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        NonLinearLanes lanes = new NonLinearLanes();
        int blocks = rows * (columns / SuperBlock.SIZE);
        float[] sigmas = LaneBatch.sigmas(x, xo, blocks, SuperBlock.SIZE, 2);
        for (int b = 0; b < blocks; b += AT_A_TIME) {
            int n = Math.min(AT_A_TIME, blocks - b);
            int groups = n * Iq4XsKernel.GROUPS;
            int position = b * SuperBlock.SIZE;
            lanes.batch.load(x, xo + position, groups);
            lanes.batch.weigh(importance, position % columns, columns, groups, sigmas, SuperBlock.SIZE, position);
            lanes.search();
            put(lanes, n, x, xo + position, y, yo + b * Iq4XsKernel.BYTES);
        }
    }

    private static void put(NonLinearLanes lanes, int blocks, float[] x, int xo, byte[] y, int yo) {
        float[] inverses = new float[Iq4XsKernel.GROUPS];
        byte[] codes = new byte[Iq4XsKernel.GROUP];
        for (int k = 0; k < blocks; k++, yo += Iq4XsKernel.BYTES) {
            Iq4XsKernel.putScales(lanes.scales, k * Iq4XsKernel.GROUPS, inverses, y, yo);
            for (int j = 0; j < Iq4XsKernel.GROUPS; j++, xo += Iq4XsKernel.GROUP) {
                NonLinearLanes.codes(inverses[j], x, xo, codes, 0);
                Nibbles.pack(codes, 0, y, yo + Iq4XsKernel.CODES + 16 * j);
            }
        }
    }
}
