package org.kvant.llama.attention;

import static org.kvant.llama.attention.TensorFields.data;
import static org.kvant.llama.attention.TensorFields.size;
import static org.kvant.llama.attention.TensorFields.source;
import static org.kvant.llama.attention.TensorFields.stride;
import static org.kvant.llama.attention.TensorFields.type;
import static org.kvant.llama.library.NativeMemory.getFloat;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.kvant.gguf.GgmlType;

/** Reads a {@code FLASH_ATTN_EXT} node of a graph on the CPU. Addresses are those of {@code ggml_tensor} structs. */
public final class AttentionTensors {
    /** The block of the types below: widths are multiples of it. */
    private static final int BLOCK = 32;
    /** Wider heads are not known to exist, and a thread's working memory grows with them. */
    private static final int MAX_WIDTH = 1024;

    private static final Set<GgmlType> TYPES =
            EnumSet.of(GgmlType.Q8_0, GgmlType.Q4_0, GgmlType.Q4_1, GgmlType.Q5_0, GgmlType.Q5_1, GgmlType.IQ4_NL);

    private AttentionTensors() {}

    /** Whether kernels compute with rows of this type and length. */
    static boolean supports(GgmlType type, long width) {
        return TYPES.contains(type) && width > 0 && width <= MAX_WIDTH && width % BLOCK == 0;
    }

    /**
     * The task, if it is one that kernels compute: over quantized keys and values, without position bias (ALiBi), soft cap or sinks.
     *
     * @param node the operation
     * @param parameters where the operation's parameters are: scale, largest bias, soft cap
     */
    public static Optional<AttentionTask> read(long node, long parameters) {
        long q = source(node, 0);
        long k = source(node, 1);
        long v = source(node, 2);
        long mask = source(node, 3);
        if (q == 0 || k == 0 || v == 0 || source(node, 4) != 0) {
            return Optional.empty();
        }
        boolean plain = getFloat(parameters + Float.BYTES) == 0 && getFloat(parameters + 2 * Float.BYTES) == 0;
        GgmlType keyType = GgmlType.ofId(type(k)).orElse(GgmlType.F32);
        GgmlType valueType = GgmlType.ofId(type(v)).orElse(GgmlType.F32);
        if (!plain || type(q) != GgmlType.F32.id()) {
            return Optional.empty();
        }
        if (mask != 0 && (type(mask) != GgmlType.F16.id() || size(mask, 2) != 1)) {
            return Optional.empty();
        }
        long width = size(k, 0);
        long valueWidth = size(v, 0);
        long heads = size(q, 2);
        long keyHeads = size(k, 2);
        boolean shapes = size(q, 0) == width
                && supports(keyType, width)
                && supports(valueType, valueWidth)
                && keyHeads > 0
                && heads % keyHeads == 0
                && size(v, 2) == keyHeads
                && size(v, 1) == size(k, 1)
                && size(k, 3) == size(q, 3)
                && size(v, 3) == size(q, 3)
                && size(node, 0) == valueWidth
                && size(node, 1) == heads
                && size(node, 2) == size(q, 1)
                && size(node, 3) == size(q, 3)
                && type(node) == GgmlType.F32.id()
                && size(k, 1) <= Integer.MAX_VALUE
                && size(q, 1) * heads <= Integer.MAX_VALUE
                && (mask == 0 || (size(mask, 0) >= size(k, 1) && size(mask, 1) >= size(q, 1)));
        boolean strides = stride(q, 0) == Float.BYTES
                && stride(k, 0) == keyType.typeSize()
                && stride(v, 0) == valueType.typeSize()
                && (mask == 0 || stride(mask, 0) == Short.BYTES)
                && stride(node, 0) == Float.BYTES
                && stride(node, 1) == valueWidth * Float.BYTES
                && stride(node, 2) == heads * stride(node, 1)
                && stride(node, 3) == size(node, 2) * stride(node, 2);
        boolean placed =
                data(q) != 0 && data(k) != 0 && data(v) != 0 && data(node) != 0 && (mask == 0 || data(mask) != 0);
        if (!shapes || !strides || !placed) {
            return Optional.empty();
        }
        return Optional.of(new AttentionTask(
                (int) size(q, 3),
                (int) size(q, 1),
                (int) heads,
                (int) keyHeads,
                (int) size(k, 1),
                (int) width,
                (int) valueWidth,
                keyType,
                valueType,
                getFloat(parameters),
                data(q),
                stride(q, 1),
                stride(q, 2),
                stride(q, 3),
                data(k),
                stride(k, 1),
                stride(k, 2),
                stride(k, 3),
                data(v),
                stride(v, 1),
                stride(v, 2),
                stride(v, 3),
                mask == 0 ? 0 : data(mask),
                mask == 0 ? 0 : stride(mask, 1),
                mask == 0 ? 0 : stride(mask, 3),
                mask == 0 ? 1 : (int) size(mask, 3),
                data(node),
                SharedCells.none((int) size(q, 3))));
    }
}
