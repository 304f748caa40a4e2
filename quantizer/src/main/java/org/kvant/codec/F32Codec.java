package org.kvant.codec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/** F32: the same bits, little-endian. NaN and infinities are refused when encoding, as in every other type. */
final class F32Codec implements Codec {

    private static final ValueLayout.OfFloat LAYOUT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    public GgmlType type() {
        return GgmlType.F32;
    }

    @Override
    public boolean usesImportance() {
        return false;
    }

    @Override
    public void encode(
            float[] src,
            int srcOffset,
            MemorySegment dst,
            long dstOffset,
            int rows,
            int columns,
            float @Nullable [] importance) {
        CodecArguments.checkEncode(type(), src, srcOffset, dst, dstOffset, rows, columns, importance);
        int n = rows * columns;
        for (int i = srcOffset; i < srcOffset + n; i++) {
            if (!Float.isFinite(src[i])) {
                throw CodecArguments.notFinite(type(), src, srcOffset, 0, rows, columns);
            }
        }
        MemorySegment.copy(src, srcOffset, dst, LAYOUT, dstOffset, n);
    }

    @Override
    public void decode(MemorySegment src, long srcOffset, float[] dst, int dstOffset, long elements) {
        CodecArguments.checkDecode(type(), src, srcOffset, dst, dstOffset, elements);
        MemorySegment.copy(src, LAYOUT, srcOffset, dst, dstOffset, (int) elements);
    }
}
