package org.kvant.codec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
    public void encode(
            float[] src,
            int srcOffset,
            MemorySegment dst,
            long dstOffset,
            int rows,
            int columns,
            float @Nullable [] importance) {
        CodecArguments.checkEncode(type, src, srcOffset, dst, dstOffset, rows, columns, importance);
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
            if (importance != null && kernel.weighted()) {
                kernel.encodeWeighted(src, from, piece, 0, n, columns, importance);
            } else {
                kernel.encode(src, from, piece, 0, n * (columns / type.blockSize()));
            }
            if (largest >= SAFE_MAGNITUDE_BITS || importance != null) {
                checkScales(piece, row, n * rowBytes, columns, importance != null);
            }
            MemorySegment.copy(piece, 0, dst, ValueLayout.JAVA_BYTE, dstOffset + (long) row * rowBytes, n * rowBytes);
        }
    }

    /** A scale beyond F16 is infinite, and so would be every weight of its block. llama-quantize refuses it as well. */
    private void checkScales(byte[] piece, int firstRow, int bytes, int columns, boolean weighted) {
        int[] offsets = kernel.scaleOffsets();
        for (int block = 0; block * type.typeSize() < bytes; block++) {
            for (int offset : offsets) {
                if (Half.notFinite(piece, block * type.typeSize() + offset)) {
                    long element = (long) block * type.blockSize();
                    throw new CodecException(
                            "row %d, columns %d to %d: the values%s are too large, the scale of their %s block overflows F16"
                                    .formatted(
                                            firstRow + element / columns,
                                            element % columns,
                                            element % columns + type.blockSize() - 1,
                                            weighted ? " or their importance" : "",
                                            type.label()));
                }
            }
        }
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
