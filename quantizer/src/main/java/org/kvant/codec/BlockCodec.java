package org.kvant.codec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/** The codec of a block type: checks its arguments and feeds a {@link BlockKernel} with pieces that stay in cache. */
final class BlockCodec implements Codec {

    /** Values handled at a time: 128 KiB of floats. */
    private static final int PIECE = 1 << 15;

    /** Float bits of 16384: groups of smaller values never give a scale that overflows F16. */
    private static final int SAFE_MAGNITUDE_BITS = 0x46800000;

    private final GgmlType type;
    private final BlockKernel kernel;

    BlockCodec(GgmlType type, BlockKernel kernel) {
        this.type = type;
        this.kernel = kernel;
    }

    BlockKernel kernel() {
        return kernel;
    }

    @Override
    public GgmlType type() {
        return type;
    }

    @Override
    public boolean usesImportance() {
        return kernel.weighted();
    }

    @Override
    public boolean requiresImportance() {
        return kernel.requiresImportance();
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
        CodecArguments.checkEncode(type, src, srcOffset, dst, dstOffset, rows, columns, importance);
        if (importance == null && kernel.requiresImportance()) {
            throw new CodecException(type.label() + " cannot be encoded without an importance of the columns: give an"
                    + " importance matrix, such as llama-imatrix makes, or choose a type that needs none, such as Q2_K"
                    + " or IQ3_S");
        }
        if (rows == 0 || columns == 0) {
            return;
        }
        int rowBytes = Math.toIntExact(type.bytes(columns));
        int rowsAtATime = Math.clamp(PIECE / columns, 1, rows);
        byte[] piece = new byte[rowsAtATime * rowBytes];
        for (int row = 0; row < rows; row += rowsAtATime) {
            int n = Math.min(rowsAtATime, rows - row);
            int from = srcOffset + row * columns;
            int largest = kernel.largestMagnitudeBits(src, from, n * columns);
            if (!CodecArguments.finite(largest)) {
                throw CodecArguments.notFinite(type, src, from, row, n, columns);
            }
            try {
                if (importance != null && kernel.weighted()) {
                    kernel.encodeWeighted(src, from, piece, 0, n, columns, importance);
                } else {
                    kernel.encode(src, from, piece, 0, n * (columns / type.blockSize()));
                }
            } catch (CodecException e) {
                throw located(e, src, from, piece, row, n, columns, importance);
            }
            if (largest >= SAFE_MAGNITUDE_BITS || importance != null) {
                checkScales(piece, row, n * rowBytes, columns, importance != null);
            }
            MemorySegment.copy(piece, 0, dst, ValueLayout.JAVA_BYTE, dstOffset + (long) row * rowBytes, n * rowBytes);
        }
    }

    /** A scale beyond F16 is infinite, and so would be every weight of its block. llama-quantize refuses it as well. */
    private void checkScales(byte[] piece, int firstRow, int bytes, int columns, boolean weighted) {
        for (int block = 0; block * type.typeSize() < bytes; block++) {
            if (kernel.scaleOverflows(piece, block * type.typeSize())) {
                throw tooLarge(firstRow, (long) block * type.blockSize(), columns, weighted, "overflows F16");
            }
        }
    }

    private CodecException tooLarge(int firstRow, long element, int columns, boolean weighted, String what) {
        return new CodecException("row %d, columns %d to %d: the values%s are too large, the scale of their %s block %s"
                .formatted(
                        firstRow + element / columns,
                        element % columns,
                        element % columns + type.blockSize() - 1,
                        weighted ? " or their importance" : "",
                        type.label(),
                        what));
    }

    /** Finds the block whose search overflows, by encoding them one by one. */
    private CodecException located(
            CodecException cause,
            float[] src,
            int from,
            byte[] piece,
            int firstRow,
            int rows,
            int columns,
            float @Nullable [] importance) {
        int size = type.blockSize();
        for (int element = 0; element < rows * columns; element += size) {
            try {
                if (importance != null) {
                    int column = element % columns;
                    float[] own = Arrays.copyOfRange(importance, column, column + size);
                    kernel.encodeWeighted(src, from + element, piece, 0, 1, size, own);
                } else {
                    kernel.encode(src, from + element, piece, 0, 1);
                }
            } catch (CodecException e) {
                return tooLarge(firstRow, element, columns, importance != null, "cannot be found");
            }
        }
        return cause;
    }

    @Override
    public void decode(MemorySegment src, long srcOffset, float[] dst, int dstOffset, long elements) {
        CodecArguments.checkDecode(type, src, srcOffset, dst, dstOffset, elements);
        int blocksAtATime = PIECE / type.blockSize();
        int blocks = (int) (elements / type.blockSize());
        byte[] piece = new byte[Math.min(blocks, blocksAtATime) * type.typeSize()];
        for (int block = 0; block < blocks; block += blocksAtATime) {
            int n = Math.min(blocksAtATime, blocks - block);
            long from = srcOffset + (long) block * type.typeSize();
            MemorySegment.copy(src, ValueLayout.JAVA_BYTE, from, piece, 0, n * type.typeSize());
            kernel.decode(piece, 0, dst, dstOffset + block * type.blockSize(), n);
        }
    }
}
