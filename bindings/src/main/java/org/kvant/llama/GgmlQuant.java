package org.kvant.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.ffi.ggml_to_float_t;
import org.kvant.llama.ffi.ggml_type_traits;
import org.kvant.llama.ffi.llama_h;

/**
 * ggml's own encoders and decoders: the oracle that the codecs in Java are held to. Usable from any thread once a {@link Backend}
 * is loaded.
 */
public final class GgmlQuant {
    private GgmlQuant() {}

    /** Whether {@link #quantizeChunk} has an encoder for this type. */
    public static boolean canQuantize(GgmlType type) {
        return switch (type) {
            case F32,
                    F16,
                    BF16,
                    Q4_0,
                    Q4_1,
                    Q5_0,
                    Q5_1,
                    Q8_0,
                    Q2_K,
                    Q3_K,
                    Q4_K,
                    Q5_K,
                    Q6_K,
                    IQ2_XXS,
                    IQ2_XS,
                    IQ3_XXS,
                    IQ1_S,
                    IQ4_NL,
                    IQ3_S,
                    IQ2_S,
                    IQ4_XS,
                    IQ1_M,
                    TQ1_0,
                    TQ2_0,
                    MXFP4,
                    NVFP4,
                    Q1_0,
                    Q2_0 -> true;
            case Q8_1, Q8_K, I8, I16, I32, I64, F64 -> false;
        };
    }

    /** Whether {@link #quantizeChunk} needs an importance matrix for this type. */
    public static boolean requiresImportance(GgmlType type) {
        Backend.require();
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
        Backend.require();
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

    /**
     * As {@link #quantizeChunk} from native memory to native memory, for types that need no importance matrix.
     *
     * @param source {@code rows * columns} floats, which the caller knows to be finite
     * @param target {@code type.bytes(rows * columns)} bytes
     * @param columns a multiple of the type's block size
     */
    static void quantize(GgmlType type, MemorySegment source, MemorySegment target, int rows, int columns) {
        Backend.require();
        long bytes = type.bytes((long) rows * columns);
        if (!canQuantize(type) || llama_h.ggml_quantize_requires_imatrix(type.id())) {
            throw new IllegalArgumentException("ggml cannot quantize to " + type.ggmlName());
        }
        if (columns % type.blockSize() != 0
                || source.byteSize() < (long) Float.BYTES * rows * columns
                || target.byteSize() != bytes) {
            throw new IllegalArgumentException(rows + " rows of " + columns + " do not fit into " + source.byteSize()
                    + " bytes of floats and " + target.byteSize() + " of " + type.ggmlName());
        }
        long written = llama_h.ggml_quantize_chunk(type.id(), source, target, 0, rows, columns, MemorySegment.NULL);
        if (written != bytes) {
            throw new LlamaException("ggml wrote " + written + " bytes of " + type.ggmlName() + " instead of " + bytes);
        }
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
        Backend.require();
        long bytes = type.bytes(elements);
        if (data.length != bytes) {
            throw new IllegalArgumentException(
                    elements + " elements of " + type.ggmlName() + " are " + bytes + " bytes, not " + data.length);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment src = arena.allocate(Math.max(1, bytes), 64);
            MemorySegment.copy(data, 0, src, ValueLayout.JAVA_BYTE, 0, data.length);
            MemorySegment dst = arena.allocate(ValueLayout.JAVA_FLOAT, Math.max(1, elements));
            dequantize(type, src.asSlice(0, bytes), dst, elements);
            return dst.asSlice(0, Float.BYTES * elements).toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    /**
     * As {@link #dequantize(GgmlType, byte[], long)} from native memory to native memory.
     *
     * @param data {@code type.bytes(elements)} bytes
     * @param target room for the floats
     */
    static void dequantize(GgmlType type, MemorySegment data, MemorySegment target, long elements) {
        Backend.require();
        if (data.byteSize() != type.bytes(elements) || target.byteSize() < Float.BYTES * elements) {
            throw new IllegalArgumentException(elements + " elements of " + type.ggmlName() + " are not "
                    + data.byteSize() + " bytes, or more floats than fit into " + target.byteSize());
        }
        if (type == GgmlType.F32) {
            MemorySegment.copy(data, 0, target, 0, data.byteSize()); // has no to_float
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment traits = ggml_type_traits.reinterpret(llama_h.ggml_get_type_traits(type.id()), arena, null);
            MemorySegment toFloat = ggml_type_traits.to_float(traits);
            if (toFloat.equals(MemorySegment.NULL)) {
                throw new IllegalArgumentException("ggml cannot decode " + type.ggmlName());
            }
            ggml_to_float_t.invoke(toFloat, data, target, elements);
        }
    }

    /** Frees the tables that some encoders have built; they are built again when needed. No encoder may be running. */
    public static void releaseTables() {
        Backend.require();
        llama_h.ggml_quantize_free();
    }
}
