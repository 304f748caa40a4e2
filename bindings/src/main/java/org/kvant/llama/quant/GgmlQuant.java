package org.kvant.llama.quant;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.library.Check;
import org.kvant.llama.library.GgmlRows;
import org.kvant.llama.library.LibraryState;
import org.kvant.llama.library.LlamaException;

/**
 * ggml's own encoders and decoders: the oracle that the codecs in Java are held to. Usable from any thread once a {@code Backend}
 * is loaded.
 */
public final class GgmlQuant {
    private GgmlQuant() {}

    /** Whether {@link #quantizeChunk} has an encoder for this type. */
    public static boolean canQuantize(GgmlType type) {
        return GgmlRows.canQuantize(type);
    }

    /** Whether {@link #quantizeChunk} needs an importance matrix for this type. */
    public static boolean requiresImportance(GgmlType type) {
        LibraryState.require();
        return llama_h.ggml_quantize_requires_imatrix(type.id());
    }

    /**
     * {@code ggml_quantize_chunk}: rows of floats to rows of blocks.
     *
     * @param source {@code rows * columns} finite floats
     * @param columns a multiple of the type's block size
     * @param importance null, or {@code columns} weights, finite and not negative
     * @return {@code type.bytes(rows * columns)} bytes
     */
    public static byte[] quantizeChunk(
            GgmlType type, float[] source, int rows, int columns, float @Nullable [] importance) {
        LibraryState.require();
        checkShape(type, source, rows, columns);
        checkImportance(type, columns, importance);
        long bytes = type.bytes((long) rows * columns);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment src = arena.allocateFrom(ValueLayout.JAVA_FLOAT, source);
            MemorySegment dst = arena.allocate(bytes);
            MemorySegment weights =
                    importance == null ? MemorySegment.NULL : arena.allocateFrom(ValueLayout.JAVA_FLOAT, importance);
            long written = llama_h.ggml_quantize_chunk(type.id(), src, dst, 0, rows, columns, weights);
            if (written != bytes) {
                throw new LlamaException(
                        "ggml wrote " + written + " bytes of " + type.ggmlName() + " instead of " + bytes);
            }
            return dst.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** {@link #quantizeChunk(GgmlType, float[], int, int, float[])} into a given array. */
    public static void quantizeChunk(
            GgmlType type, float[] source, byte[] target, int rows, int columns, float @Nullable [] importance) {
        byte[] result = quantizeChunk(type, source, rows, columns, importance);
        if (target.length < result.length) {
            throw new IllegalArgumentException(
                    "the result has " + result.length + " bytes, the array " + target.length);
        }
        System.arraycopy(result, 0, target, 0, result.length);
    }

    private static void checkShape(GgmlType type, float[] source, int rows, int columns) {
        if (!canQuantize(type)) {
            throw new IllegalArgumentException("ggml cannot quantize to " + type.ggmlName());
        }
        Check.range("rows", rows, 1, Integer.MAX_VALUE);
        Check.range("columns", columns, 1, Integer.MAX_VALUE);
        if (columns % type.blockSize() != 0) {
            throw new IllegalArgumentException(columns + " columns are not a multiple of the block size of "
                    + type.ggmlName() + ", " + type.blockSize());
        }
        if (source.length != (long) rows * columns) {
            throw new IllegalArgumentException(
                    rows + " rows of " + columns + " are not the " + source.length + " floats given");
        }
        // Some encoders assert, others loop or index by what they make of a NaN.
        for (int i = 0; i < source.length; i++) {
            if (!Float.isFinite(source[i])) {
                throw new IllegalArgumentException(
                        "row " + i / columns + ", column " + i % columns + " is " + source[i]);
            }
        }
    }

    private static void checkImportance(GgmlType type, int columns, float @Nullable [] importance) {
        if (importance == null) {
            if (llama_h.ggml_quantize_requires_imatrix(type.id())) {
                throw new IllegalArgumentException(type.ggmlName() + " cannot be made without an importance matrix");
            }
            return;
        }
        if (importance.length != columns) {
            throw new IllegalArgumentException(
                    "the importance matrix has " + importance.length + " values for " + columns + " columns");
        }
        for (int i = 0; i < columns; i++) {
            if (!(importance[i] >= 0) || importance[i] == Float.POSITIVE_INFINITY) {
                throw new IllegalArgumentException("the importance of column " + i + " is " + importance[i]);
            }
        }
    }

    /**
     * ggml's {@code to_float}: blocks to floats.
     *
     * @param data exactly {@code type.bytes(elements)} bytes
     * @param elements a multiple of the type's block size
     */
    public static float[] dequantize(GgmlType type, byte[] data, long elements) {
        LibraryState.require();
        long bytes = type.bytes(elements);
        if (data.length != bytes) {
            throw new IllegalArgumentException(
                    elements + " elements of " + type.ggmlName() + " are " + bytes + " bytes, not " + data.length);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment src = arena.allocate(Math.max(1, bytes), 64);
            MemorySegment.copy(data, 0, src, ValueLayout.JAVA_BYTE, 0, data.length);
            MemorySegment dst = arena.allocate(ValueLayout.JAVA_FLOAT, Math.max(1, elements));
            GgmlRows.dequantize(type, src.asSlice(0, bytes), dst, elements);
            return dst.asSlice(0, Float.BYTES * elements).toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    /** Frees the tables that some encoders have built; they are built again when needed. No encoder may be running. */
    public static void releaseTables() {
        LibraryState.require();
        llama_h.ggml_quantize_free();
    }
}
