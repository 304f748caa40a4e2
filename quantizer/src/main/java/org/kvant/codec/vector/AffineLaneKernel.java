package org.kvant.codec.vector;

import jdk.incubator.vector.FloatVector;
import org.kvant.codec.AffineFormat;
import org.kvant.codec.BlockKernel;
import org.kvant.codec.SuperBlock;

/** Q2_K, Q4_K and Q5_K, sixteen groups at a time. */
final class AffineLaneKernel extends LaneKernel {

    private final AffineFormat format;

    AffineLaneKernel(AffineFormat format, BlockKernel scalar) {
        super(scalar);
        this.format = format;
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        AffineLanes lanes = new AffineLanes(format.plain());
        byte[] codes = new byte[SuperBlock.SIZE];
        int atATime = Lanes.GROUPS / format.groups();
        for (int b = 0; b < blocks; b += atATime) {
            int n = Math.min(atATime, blocks - b);
            lanes.batch.load(x, xo, n * format.groups());
            if (format.levelled()) {
                lanes.batch.weighByLevel();
            } else {
                lanes.batch.weighByMagnitude();
            }
            lanes.run();
            for (int k = 0; k < n; k++) {
                format.putScales(lanes.scales, lanes.mins, k * format.groups(), y, yo);
                putCodes(lanes, k * format.groups(), x, xo, codes, y, yo);
                xo += SuperBlock.SIZE;
                yo += format.bytes();
            }
        }
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        AffineLanes lanes = new AffineLanes(format.weighted());
        byte[] codes = new byte[SuperBlock.SIZE];
        int atATime = Lanes.GROUPS / format.groups();
        int blocks = rows * (columns / SuperBlock.SIZE);
        float[] sigmas = LaneBatch.sigmas(x, xo, blocks, SuperBlock.SIZE, format.sigmaFactor());
        for (int b = 0; b < blocks; b += atATime) {
            int n = Math.min(atATime, blocks - b);
            int groups = n * format.groups();
            int position = b * SuperBlock.SIZE;
            lanes.batch.load(x, xo, groups);
            lanes.batch.weigh(importance, position % columns, columns, groups, sigmas, SuperBlock.SIZE, position);
            lanes.run();
            for (int k = 0; k < n; k++) {
                format.putScales(lanes.scales, lanes.mins, lanes.batch.sums, k * format.groups(), y, yo);
                putCodes(lanes, k * format.groups(), x, xo, codes, y, yo);
                xo += SuperBlock.SIZE;
                yo += format.bytes();
            }
        }
    }

    /** Rounds the codes to the stored scales; where one is zero, the codes that the search left stay. */
    private void putCodes(AffineLanes lanes, int firstGroup, float[] x, int xo, byte[] codes, byte[] y, int yo) {
        int n = format.group();
        int nmax = format.plain().nmax();
        for (int j = 0; j < format.groups(); j++) {
            float step = format.step(y, yo, j);
            if (step == 0) {
                lanes.codes(firstGroup + j, codes, n * j);
            } else {
                round(x, xo + n * j, n, format.offset(y, yo, j), step, nmax, codes, n * j);
            }
        }
        format.putCodes(codes, y, yo);
    }

    private static void round(float[] x, int xo, int n, float offset, float step, int nmax, byte[] codes, int co) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, xo + i);
            Lanes.putBytes(Lanes.nearestCode(v.add(offset).div(step), 0, nmax), codes, co + i);
        }
    }
}
