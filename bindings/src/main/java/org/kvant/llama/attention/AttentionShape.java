package org.kvant.llama.attention;

import org.kvant.gguf.GgmlType;

/**
 * The sizes of an attention operation.
 *
 * @param streams sequences with buffers of their own
 * @param tokens queries of each head and stream
 * @param heads of queries
 * @param keyHeads of keys and values, a divisor of {@code heads}
 * @param cells keys and values of each head and stream
 * @param keyWidth values of a key and of a query, a multiple of the type's block
 * @param valueWidth values of a value
 */
public record AttentionShape(
        int streams,
        int tokens,
        int heads,
        int keyHeads,
        int cells,
        int keyWidth,
        int valueWidth,
        GgmlType keyType,
        GgmlType valueType) {
    /** The same heads, with other sizes. */
    public AttentionShape with(int streams, int tokens, int cells) {
        return new AttentionShape(streams, tokens, heads, keyHeads, cells, keyWidth, valueWidth, keyType, valueType);
    }
}
