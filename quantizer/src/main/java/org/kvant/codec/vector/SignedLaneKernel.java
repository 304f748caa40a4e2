package org.kvant.codec.vector;

import jdk.incubator.vector.FloatVector;
import org.kvant.codec.BlockKernel;
import org.kvant.codec.SignedFormat;
import org.kvant.codec.SuperBlock;

/** Q3_K and Q6_K, a super-block of sixteen groups at a time. */
final class SignedLaneKernel extends LaneKernel {

    private final SignedFormat format;

    SignedLaneKernel(SignedFormat format, BlockKernel scalar) {
        super(scalar);
        this.format = format;
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        SignedLanes lanes = new SignedLanes(SignedFormat.GROUP, format.half());
        byte[] codes = new byte[SuperBlock.SIZE];
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += format.bytes()) {
            lanes.batch.load(x, xo, SignedFormat.GROUPS);
            if (format.plainByCode()) {
                lanes.searchByCode();
            } else {
                lanes.batch.weighBySquare();
                lanes.search();
            }
            if (format.putScales(lanes.scales, y, yo)) {
                putCodes(lanes, format.plainByCode(), x, xo, codes, y, yo);
            }
        }
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        SignedLanes lanes = new SignedLanes(SignedFormat.GROUP, format.half());
        byte[] codes = new byte[SuperBlock.SIZE];
        int blocks = rows * (columns / SuperBlock.SIZE);
        float[] sigmas = format.sigmaWeighted() ? LaneBatch.sigmas(x, xo, blocks, SuperBlock.SIZE, 2) : new float[0];
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += format.bytes()) {
            int position = b * SuperBlock.SIZE;
            int column = position % columns;
            lanes.batch.load(x, xo, SignedFormat.GROUPS);
            if (format.sigmaWeighted()) {
                lanes.batch.weigh(importance, column, columns, SignedFormat.GROUPS, sigmas, SuperBlock.SIZE, position);
            } else {
                lanes.batch.weighByImportance(importance, column, columns, SignedFormat.GROUPS);
            }
            lanes.search();
            if (format.putScales(lanes.scales, lanes.batch.sums, y, yo)) {
                putCodes(lanes, false, x, xo, codes, y, yo);
            }
        }
    }

    /** Rounds the codes to the stored scales; where one is zero, the codes that the search left stay. */
    private void putCodes(SignedLanes lanes, boolean byCode, float[] x, int xo, byte[] codes, byte[] y, int yo) {
        for (int j = 0; j < SignedFormat.GROUPS; j++) {
            int group = SignedFormat.GROUP * j;
            float step = format.step(y, yo, j);
            if (step != 0) {
                round(x, xo + group, step, format.half(), codes, group);
            } else if (byCode) {
                lanes.codesByCode(j, codes, group);
            } else {
                lanes.codes(j, codes, group);
            }
        }
        format.putCodes(codes, y, yo);
    }

    private static void round(float[] x, int xo, float step, int half, byte[] codes, int co) {
        for (int i = 0; i < SignedFormat.GROUP; i += Lanes.WIDTH) {
            FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, xo + i);
            Lanes.putBytes(Lanes.nearestCode(v.div(step), -half, half - 1), codes, co + i);
        }
    }
}
