package org.kvant.llama.attention.vector;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;
import org.kvant.llama.library.NativeMemory;

/** Q4_0: a half as scale, 16 bytes, whose low halves are the first 16 values and whose high halves are the others, each less 8. */
final class RowsQ40 implements Rows {
    private static final int BLOCK = 32;
    private static final int BLOCK_BYTES = 18;
    private static final byte LOW = 0xF;
    private static final byte MIDDLE = 8;

    @Override
    public void unpack(long address, long stride, int rows, int width, float[] target) {
        for (int row = 0; row < rows; row++) {
            long block = address + row * stride;
            int at = row * width;
            for (int i = 0; i < width; i += BLOCK, block += BLOCK_BYTES) {
                float scale = NativeMemory.getHalf(block);
                ByteVector pairs = Lanes.bytes(block + 2);
                Lanes.put(pairs.and(LOW).sub(MIDDLE), scale, target, at + i);
                Lanes.put(pairs.lanewise(VectorOperators.LSHR, 4).sub(MIDDLE), scale, target, at + i + 16);
            }
        }
    }
}
