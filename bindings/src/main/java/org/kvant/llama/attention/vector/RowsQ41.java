package org.kvant.llama.attention.vector;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;
import org.kvant.llama.library.NativeMemory;

/** Q4_1: halves as scale and offset, 16 bytes, whose low halves are the first 16 values and whose high halves are the others. */
final class RowsQ41 implements Rows {
    private static final int BLOCK = 32;
    private static final int BLOCK_BYTES = 20;
    private static final byte LOW = 0xF;

    @Override
    public void unpack(long address, long stride, int rows, int width, float[] target) {
        for (int row = 0; row < rows; row++) {
            long block = address + row * stride;
            int at = row * width;
            for (int i = 0; i < width; i += BLOCK, block += BLOCK_BYTES) {
                float scale = NativeMemory.getHalf(block);
                float offset = NativeMemory.getHalf(block + 2);
                ByteVector pairs = Lanes.bytes(block + 4);
                Lanes.put(pairs.and(LOW), scale, offset, target, at + i);
                Lanes.put(pairs.lanewise(VectorOperators.LSHR, 4), scale, offset, target, at + i + 16);
            }
        }
    }
}
