package org.kvant.codec.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.kvant.codec.AffineSearch;
import org.kvant.codec.BlockKernel;
import org.kvant.codec.Half;
import org.kvant.codec.Nibbles;

/** Q4_1 and Q5_1. Plain rounding takes a block's values as lanes, the weighted search takes sixteen blocks. */
final class AffineBlockLaneKernel extends LaneKernel {

    private static final int BLOCK = 32;

    private final AffineSearch search;
    private final int bytes;

    /** Where the nibbles start; Q5_1 has its fifth bits before them. */
    private final int nibbles;

    AffineBlockLaneKernel(AffineSearch search, BlockKernel scalar) {
        super(scalar);
        this.search = search;
        nibbles = search.nmax() > 15 ? 8 : 4;
        bytes = nibbles + 16;
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += bytes) {
            float min = min(x, xo);
            float max = max(x, xo);
            float d = (max - min) / search.nmax();
            float id = d != 0 ? 1 / d : 0;
            // Which zero comes first decides the sign of a zero minimum: the scalar code looks in order.
            if (min == 0 || d == 0 || Float.isInfinite(id)) {
                scalar.encode(x, xo, y, yo, 1);
                continue;
            }
            Half.put(y, yo, d);
            Half.put(y, yo + 2, min);
            if (nibbles == 4) {
                putNibbles(x, xo, min, id, y, yo + 4);
            } else {
                putFiveBits(x, xo, min, id, y, yo + 4);
            }
        }
    }

    private static float min(float[] x, int xo) {
        FloatVector min = FloatVector.fromArray(Lanes.FLOATS, x, xo);
        for (int i = Lanes.WIDTH; i < BLOCK; i += Lanes.WIDTH) {
            min = min.min(FloatVector.fromArray(Lanes.FLOATS, x, xo + i));
        }
        return min.reduceLanes(VectorOperators.MIN);
    }

    private static float max(float[] x, int xo) {
        FloatVector max = FloatVector.fromArray(Lanes.FLOATS, x, xo);
        for (int i = Lanes.WIDTH; i < BLOCK; i += Lanes.WIDTH) {
            max = max.max(FloatVector.fromArray(Lanes.FLOATS, x, xo + i));
        }
        return max.reduceLanes(VectorOperators.MAX);
    }

    private static void putNibbles(float[] x, int xo, float min, float id, byte[] y, int yo) {
        for (int i = 0; i < 16; i += Lanes.WIDTH) {
            IntVector low = codes(x, xo + i, min, id).min(15);
            IntVector high = codes(x, xo + 16 + i, min, id).min(15);
            Lanes.putBytes(low.or(high.lanewise(VectorOperators.LSHL, 4)), y, yo + i);
        }
    }

    private static void putFiveBits(float[] x, int xo, float min, float id, byte[] y, int yo) {
        int fifth = 0;
        for (int i = 0; i < 16; i += Lanes.WIDTH) {
            IntVector low = codes(x, xo + i, min, id);
            IntVector high = codes(x, xo + 16 + i, min, id);
            fifth |= (int) low.and(16).compare(VectorOperators.NE, 0).toLong() << i;
            fifth |= (int) high.and(16).compare(VectorOperators.NE, 0).toLong() << 16 + i;
            Lanes.putBytes(low.and(15).or(high.lanewise(VectorOperators.LSHL, 4)), y, yo + 4 + i);
        }
        Nibbles.putFifthBits(fifth, y, yo);
    }

    private static IntVector codes(float[] x, int xo, float min, float id) {
        return (IntVector) FloatVector.fromArray(Lanes.FLOATS, x, xo)
                .sub(min)
                .mul(id)
                .add(0.5f)
                .convert(VectorOperators.F2I, 0);
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        AffineLanes lanes = new AffineLanes(search);
        byte[] codes = new byte[BLOCK];
        float[] sigmas = LaneBatch.sigmas(x, xo, rows, columns, 1);
        int blocks = rows * (columns / BLOCK);
        for (int b = 0; b < blocks; b += Lanes.GROUPS) {
            int n = Math.min(Lanes.GROUPS, blocks - b);
            int position = b * BLOCK;
            lanes.batch.load(x, xo + position, n);
            lanes.batch.weigh(importance, position % columns, columns, n, sigmas, columns, position);
            lanes.run();
            for (int k = 0; k < n; k++, yo += bytes) {
                Half.put(y, yo, lanes.scales[k]);
                Half.put(y, yo + 2, -lanes.mins[k]);
                lanes.codes(k, codes, 0);
                if (nibbles == 8) {
                    Nibbles.packFifthBits(codes, 0, y, yo + 4);
                }
                Nibbles.pack(codes, 0, y, yo + nibbles);
            }
        }
    }
}
