package org.kvant.llama.library;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.ffi.ggml_to_float_t;
import org.kvant.llama.ffi.ggml_type_traits;
import org.kvant.llama.ffi.llama_h;

/** ggml's encoders and decoders, from native memory to native memory. Any thread. */
public final class GgmlRows {
    private GgmlRows() {}

    /** Whether ggml has an encoder for this type. */
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

    /**
     * {@code ggml_quantize_chunk} from native memory to native memory, for types that need no importance matrix.
     *
     * @param source {@code rows * columns} floats, which the caller knows to be finite
     * @param target {@code type.bytes(rows * columns)} bytes
     * @param columns a multiple of the type's block size
     */
    public static void quantize(GgmlType type, MemorySegment source, MemorySegment target, int rows, int columns) {
        LibraryState.require();
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

    /**
     * ggml's {@code to_float}, from native memory to native memory.
     *
     * @param data {@code type.bytes(elements)} bytes
     * @param target room for the floats
     */
    public static void dequantize(GgmlType type, MemorySegment data, MemorySegment target, long elements) {
        LibraryState.require();
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
}
