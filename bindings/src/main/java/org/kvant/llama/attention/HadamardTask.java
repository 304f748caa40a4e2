package org.kvant.llama.attention;

import static org.kvant.llama.attention.TensorFields.data;
import static org.kvant.llama.attention.TensorFields.size;
import static org.kvant.llama.attention.TensorFields.source;
import static org.kvant.llama.attention.TensorFields.stride;
import static org.kvant.llama.attention.TensorFields.type;

import java.util.Optional;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.library.NativeMemory;

/**
 * Rows of floats to be transformed: queries, keys and values before a quantized cache sees them, and what comes out of it ({@code llama_mul_mat_hadamard} in
 * llama-impl.h).
 *
 * @param from address of the first row; the others lie behind it, without gaps
 * @param to where results go in the same way; not {@code from}
 * @param width floats of a row, a power of two, at least {@value #MIN_WIDTH}
 */
public record HadamardTask(long from, long to, int width, int rows) {
    /** Widest vectors: 512 bits. */
    static final int MIN_WIDTH = 16;

    private static final int MAX_WIDTH = 1 << 16;

    /**
     * The task of a {@code MUL_MAT} node whose matrix is known to be a Hadamard matrix; nothing for others.
     *
     * @param node address of a {@code ggml_tensor}
     * @param parameters where the operation's parameters are: precision, hint
     */
    public static Optional<HadamardTask> read(long node, long parameters) {
        if (NativeMemory.getInt(parameters + Integer.BYTES) != llama_h.GGML_HINT_SRC0_IS_HADAMARD()) {
            return Optional.empty();
        }
        long source = source(node, 1);
        if (source == 0) {
            return Optional.empty();
        }
        long width = size(source, 0);
        long rows = size(source, 1);
        boolean fits = width >= MIN_WIDTH
                && width <= MAX_WIDTH
                && Long.bitCount(width) == 1
                && rows <= Integer.MAX_VALUE
                && matrix(source, width, rows)
                && matrix(node, width, rows)
                && data(source) != data(node);
        return fits
                ? Optional.of(new HadamardTask(data(source), data(node), (int) width, (int) rows))
                : Optional.empty();
    }

    /** The same of a node that {@link #read} found one for. */
    public static HadamardTask of(long node) {
        long source = source(node, 1);
        return new HadamardTask(data(source), data(node), (int) size(source, 0), (int) size(source, 1));
    }

    /** Whether it is one of floats, without gaps. */
    private static boolean matrix(long tensor, long width, long rows) {
        return type(tensor) == GgmlType.F32.id()
                && size(tensor, 0) == width
                && size(tensor, 1) == rows
                && size(tensor, 2) == 1
                && size(tensor, 3) == 1
                && stride(tensor, 0) == Float.BYTES
                && stride(tensor, 1) == width * Float.BYTES
                && data(tensor) != 0;
    }
}
