package org.kvant.llama.attention.vector;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.kvant.llama.library.NativeMemory;

/** Q5_0: a half as scale, 32 fifth bits, 16 bytes, whose low halves are the first 16 values and whose high halves are the others, each less 16. */
final class RowsQ50 implements Rows {
    private static final int BLOCK = 32;
    private static final int BLOCK_BYTES = 22;
    private static final byte LOW = 0xF;
    private static final byte FIFTH = 16;
    private static final byte MIDDLE = 16;

    @Override
    public void unpack(long address, long stride, int rows, int width, float[] target) {
        for (int row = 0; row < rows; row++) {
            long block = address + row * stride;
            int at = row * width;
            for (int i = 0; i < width; i += BLOCK, block += BLOCK_BYTES) {
                float scale = NativeMemory.getHalf(block);
                int fifth = NativeMemory.getInt(block + 2);
                ByteVector pairs = Lanes.bytes(block + 6);
                ByteVector high = pairs.lanewise(VectorOperators.LSHR, 4);
                Lanes.put(with(fifth & 0xFFFF, pairs.and(LOW)).sub(MIDDLE), scale, target, at + i);
                Lanes.put(with(fifth >>> 16, high).sub(MIDDLE), scale, target, at + i + 16);
            }
        }
    }

    /** With the fifth bits, which stand one behind the other. */
    private static ByteVector with(int fifth, ByteVector low) {
        return low.add(FIFTH, VectorMask.fromLong(Lanes.BYTES, fifth));
    }
}
