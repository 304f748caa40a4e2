package org.kvant.llama.attention.vector;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.kvant.llama.library.NativeMemory;

/** Q5_1: halves as scale and offset, 32 fifth bits, 16 bytes, whose low halves are the first 16 values and whose high halves are the others. */
final class RowsQ51 implements Rows {
    private static final int BLOCK = 32;
    private static final int BLOCK_BYTES = 24;
    private static final byte LOW = 0xF;
    private static final byte FIFTH = 16;

    @Override
    public void unpack(long address, long stride, int rows, int width, float[] target) {
        for (int row = 0; row < rows; row++) {
            long block = address + row * stride;
            int at = row * width;
            for (int i = 0; i < width; i += BLOCK, block += BLOCK_BYTES) {
                float scale = NativeMemory.getHalf(block);
                float offset = NativeMemory.getHalf(block + 2);
                int fifth = NativeMemory.getInt(block + 4);
                ByteVector pairs = Lanes.bytes(block + 8);
                ByteVector high = pairs.lanewise(VectorOperators.LSHR, 4);
                Lanes.put(with(fifth & 0xFFFF, pairs.and(LOW)), scale, offset, target, at + i);
                Lanes.put(with(fifth >>> 16, high), scale, offset, target, at + i + 16);
            }
        }
    }

    /** With the fifth bits, which stand one behind the other. */
    private static ByteVector with(int fifth, ByteVector low) {
        return low.add(FIFTH, VectorMask.fromLong(Lanes.BYTES, fifth));
    }
}
