package org.kvant.codec.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.kvant.codec.BlockKernel;
import org.kvant.codec.Half;
import org.kvant.codec.Nibbles;

/** Q4_0 and Q5_0. Plain rounding takes a block's values as lanes, the weighted search takes sixteen blocks. */
final class SignedBlockLaneKernel extends LaneKernel {

    private static final int BLOCK = 32;

    /** Codes go from 0 to {@code 2 · half − 1}. */
    private final int half;

    private final int bytes;

    /** Where the nibbles start; Q5_0 has its fifth bits before them. */
    private final int nibbles;

    SignedBlockLaneKernel(int bits, BlockKernel scalar) {
        super(scalar);
        half = 1 << bits - 1;
        nibbles = bits == 5 ? 6 : 2;
        bytes = nibbles + 16;
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += bytes) {
            float d = extreme(x, xo) / -half;
            float id = d != 0 ? 1 / d : 0;
            if (Float.isInfinite(id)) {
                scalar.encode(x, xo, y, yo, 1);
                continue;
            }
            Half.put(y, yo, d);
            if (nibbles == 2) {
                putNibbles(x, xo, id, y, yo + 2);
            } else {
                putFiveBits(x, xo, id, y, yo + 2);
            }
        }
    }

    /** The first value of the largest magnitude. */
    private static float extreme(float[] x, int xo) {
        int largest = Lanes.largestOfBlock(x, xo);
        if (largest == 0) {
            return 0;
        }
        for (int i = 0; i < BLOCK; i += Lanes.WIDTH) {
            VectorMask<Integer> hit = FloatVector.fromArray(Lanes.FLOATS, x, xo + i)
                    .reinterpretAsInts()
                    .and(0x7fffffff)
                    .eq(largest);
            if (hit.anyTrue()) {
                return x[xo + i + hit.firstTrue()];
            }
        }
        throw new AssertionError("the largest magnitude is nowhere");
    }

    private static void putNibbles(float[] x, int xo, float id, byte[] y, int yo) {
        for (int i = 0; i < 16; i += Lanes.WIDTH) {
            IntVector low = codes(x, xo + i, id, 8.5f).min(15);
            IntVector high = codes(x, xo + 16 + i, id, 8.5f).min(15);
            Lanes.putBytes(low.or(high.lanewise(VectorOperators.LSHL, 4)), y, yo + i);
        }
    }

    private static void putFiveBits(float[] x, int xo, float id, byte[] y, int yo) {
        int fifth = 0;
        for (int i = 0; i < 16; i += Lanes.WIDTH) {
            IntVector low = codes(x, xo + i, id, 16.5f).min(31);
            IntVector high = codes(x, xo + 16 + i, id, 16.5f).min(31);
            fifth |= (int) low.compare(VectorOperators.GT, 15).toLong() << i;
            fifth |= (int) high.compare(VectorOperators.GT, 15).toLong() << 16 + i;
            Lanes.putBytes(low.and(15).or(high.lanewise(VectorOperators.LSHL, 4)), y, yo + 4 + i);
        }
        Nibbles.putFifthBits(fifth, y, yo);
    }

    private static IntVector codes(float[] x, int xo, float id, float shift) {
        return (IntVector)
                FloatVector.fromArray(Lanes.FLOATS, x, xo).mul(id).add(shift).convert(VectorOperators.F2I, 0);
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        SignedLanes lanes = new SignedLanes(BLOCK, half);
        byte[] codes = new byte[BLOCK];
        float[] sigmas = LaneBatch.sigmas(x, xo, rows, columns, 1);
        int blocks = rows * (columns / BLOCK);
        for (int b = 0; b < blocks; b += Lanes.GROUPS) {
            int n = Math.min(Lanes.GROUPS, blocks - b);
            int position = b * BLOCK;
            lanes.batch.load(x, xo + position, n);
            lanes.batch.weigh(importance, position % columns, columns, n, sigmas, columns, position);
            lanes.search();
            for (int k = 0; k < n; k++, yo += bytes) {
                Half.put(y, yo, lanes.scales[k]);
                lanes.codes(k, codes, 0);
                if (nibbles == 6) {
                    Nibbles.packFifthBits(codes, 0, y, yo + 2);
                }
                Nibbles.pack(codes, 0, y, yo + nibbles);
            }
        }
    }
}
