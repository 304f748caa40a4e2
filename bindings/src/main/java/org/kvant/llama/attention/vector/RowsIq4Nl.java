package org.kvant.llama.attention.vector;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;
import org.kvant.llama.library.NativeMemory;

/** IQ4_NL: a half as scale, 16 bytes, whose low halves are the places of the first 16 values in a table and whose high halves are those of the others. */
final class RowsIq4Nl implements Rows {
    private static final int BLOCK = 32;
    private static final int BLOCK_BYTES = 18;
    private static final byte LOW = 0xF;
    /** {@code kvalues_iq4nl} of ggml-common.h. */
    private static final ByteVector VALUES = ByteVector.fromArray(
            Lanes.BYTES, new byte[] {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}, 0);

    @Override
    public void unpack(long address, long stride, int rows, int width, float[] target) {
        for (int row = 0; row < rows; row++) {
            long block = address + row * stride;
            int at = row * width;
            for (int i = 0; i < width; i += BLOCK, block += BLOCK_BYTES) {
                float scale = NativeMemory.getHalf(block);
                ByteVector pairs = Lanes.bytes(block + 2);
                Lanes.put(pairs.and(LOW).selectFrom(VALUES), scale, target, at + i);
                Lanes.put(pairs.lanewise(VectorOperators.LSHR, 4).selectFrom(VALUES), scale, target, at + i + 16);
            }
        }
    }
}
