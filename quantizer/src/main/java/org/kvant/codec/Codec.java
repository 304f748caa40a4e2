package org.kvant.codec;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/**
 * Encodes rows of floats into one ggml type and decodes them again.
 *
 * <p>Encoding gives the bytes of {@code ggml_quantize_chunk(type, src, dst, 0, rows, columns, importance)} of the pinned
 * library (ggml/src/ggml-quants.c), decoding those of the type's {@code to_float}. Implementations are stateless and may be
 * used by any number of threads at once.
 */
public interface Codec {

    GgmlType type();

    /** False where the type ignores an importance, as ggml does: a caller may then spare itself reading one. */
    boolean usesImportance();

    /** True where ggml has no encoding without an importance: {@link #encode} then refuses to go without. */
    default boolean requiresImportance() {
        return false;
    }

    /**
     * Encodes {@code rows × columns} floats, row after row.
     *
     * @param src the values, from {@code srcOffset} on
     * @param dst where the bytes go, from byte {@code dstOffset} on; nothing around them is touched
     * @param columns the row length, a multiple of the type's block size
     * @param importance null, or one weight a column, finite and not negative (the importance matrix's mean of squared
     *     activations)
     * @throws CodecException if an importance is {@linkplain #requiresImportance required} and null; if a value is NaN or infinite, or so large that the type's scale overflows; names row and column,
     *     counted from 0 within this call. {@code dst} may then hold some rows already.
     */
    void encode(
            float[] src,
            int srcOffset,
            MemorySegment dst,
            long dstOffset,
            int rows,
            int columns,
            float @Nullable [] importance);

    /**
     * Decodes {@code elements} values, a multiple of the type's block size.
     *
     * @throws CodecException if the segment or the array is too short
     */
    void decode(MemorySegment src, long srcOffset, float[] dst, int dstOffset, long elements);
}
