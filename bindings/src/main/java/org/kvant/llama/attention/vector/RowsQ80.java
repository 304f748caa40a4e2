package org.kvant.llama.attention.vector;

import org.kvant.llama.library.NativeMemory;

/** Q8_0: a half as scale, 32 signed bytes. */
final class RowsQ80 implements Rows {
    private static final int BLOCK = 32;
    private static final int BLOCK_BYTES = 34;

    @Override
    public void unpack(long address, long stride, int rows, int width, float[] target) {
        for (int row = 0; row < rows; row++) {
            long block = address + row * stride;
            int at = row * width;
            for (int i = 0; i < width; i += BLOCK, block += BLOCK_BYTES) {
                float scale = NativeMemory.getHalf(block);
                Lanes.put(Lanes.bytes(block + 2), scale, target, at + i);
                Lanes.put(Lanes.bytes(block + 18), scale, target, at + i + 16);
            }
        }
    }
}
