package org.kvant.codec;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/** Checks that every codec makes, so that a wrong call is an exception that names what is wrong. */
final class CodecArguments {

    private static final int INFINITY_BITS = 0x7f800000;

    private CodecArguments() {}

    /** Returns the number of bytes that the rows take once encoded. */
    static long checkEncode(
            GgmlType type,
            float[] src,
            int srcOffset,
            MemorySegment dst,
            long dstOffset,
            int rows,
            int columns,
            float @Nullable [] importance) {
        if (rows < 0 || columns < 0 || columns % type.blockSize() != 0) {
            throw new CodecException("%d rows of %d columns do not divide into %s blocks of %d"
                    .formatted(rows, columns, type.label(), type.blockSize()));
        }
        long elements = (long) rows * columns;
        if (srcOffset < 0 || elements > src.length - (long) srcOffset) {
            throw new CodecException("%s: %d rows of %d columns from offset %d do not fit an array of %d floats"
                    .formatted(type.label(), rows, columns, srcOffset, src.length));
        }
        long bytes = type.bytes(elements);
        checkRange(type, dst, dstOffset, bytes);
        if (importance != null) {
            checkImportance(type, importance, columns);
        }
        return bytes;
    }

    static void checkDecode(
            GgmlType type, MemorySegment src, long srcOffset, float[] dst, int dstOffset, long elements) {
        if (elements < 0 || elements % type.blockSize() != 0) {
            throw new CodecException("%d elements are not a whole number of %s blocks of %d"
                    .formatted(elements, type.label(), type.blockSize()));
        }
        if (dstOffset < 0 || elements > dst.length - (long) dstOffset) {
            throw new CodecException("%s: %d elements from offset %d do not fit an array of %d floats"
                    .formatted(type.label(), elements, dstOffset, dst.length));
        }
        checkRange(type, src, srcOffset, type.bytes(elements));
    }

    private static void checkRange(GgmlType type, MemorySegment segment, long offset, long bytes) {
        if (offset < 0 || bytes > segment.byteSize() - offset) {
            throw new CodecException("%s: %d bytes from offset %d do not fit a segment of %d bytes"
                    .formatted(type.label(), bytes, offset, segment.byteSize()));
        }
    }

    private static void checkImportance(GgmlType type, float[] importance, int columns) {
        if (importance.length != columns) {
            throw new CodecException("%s: the importance has %d weights, the rows have %d columns"
                    .formatted(type.label(), importance.length, columns));
        }
        for (int column = 0; column < columns; column++) {
            if (!(importance[column] >= 0) || importance[column] == Float.POSITIVE_INFINITY) {
                throw new CodecException("%s: the importance of column %d is %s, it should be finite and not negative"
                        .formatted(type.label(), column, importance[column]));
            }
        }
    }

    static boolean finite(int magnitudeBits) {
        return magnitudeBits < INFINITY_BITS;
    }

    /** For rows in which some value is not finite: says which. */
    static CodecException notFinite(GgmlType type, float[] src, int srcOffset, int firstRow, int rows, int columns) {
        for (int i = 0; i < rows * columns; i++) {
            if (!Float.isFinite(src[srcOffset + i])) {
                return new CodecException("row %d, column %d is %s: %s holds finite values only"
                        .formatted(firstRow + i / columns, i % columns, src[srcOffset + i], type.label()));
            }
        }
        throw new AssertionError("every value is finite");
    }
}
