package org.kvant.llama.attention;

import org.kvant.gguf.GgmlType;

/**
 * One attention operation of a graph: shapes, strides in bytes and addresses, as {@code ggml_flash_attn_ext} defines them. Queries are F32 rows
 * of {@code keyWidth}, keys and values rows of {@code keyType} and {@code valueType}, the mask halves, the result F32 rows of {@code valueWidth}.
 *
 * @param streams sequences with buffers of their own; everything below is for each
 * @param tokens queries of each head
 * @param heads of queries
 * @param keyHeads of keys and values; each serves {@code heads / keyHeads} heads of queries
 * @param cells keys and values of each head, masked ones included
 * @param scale of the products
 * @param query address of the first row; a stride each for tokens, heads and streams
 * @param key address of the first row; a stride each for cells, heads and streams
 * @param value as {@code key}
 * @param mask what is added to the products, 0 or negative infinity in most cases: a row of {@code cells} halves for each token; 0 for no mask
 * @param maskStreams rows of masks for that many streams, which take turns
 * @param result address of the first row; the rows follow each other by head, token, stream
 * @param shared which streams' first cells, keys and values, are the same
 */
public record AttentionTask(
        int streams,
        int tokens,
        int heads,
        int keyHeads,
        int cells,
        int keyWidth,
        int valueWidth,
        GgmlType keyType,
        GgmlType valueType,
        float scale,
        long query,
        long queryToken,
        long queryHead,
        long queryStream,
        long key,
        long keyCell,
        long keyHead,
        long keyStream,
        long value,
        long valueCell,
        long valueHead,
        long valueStream,
        long mask,
        long maskToken,
        long maskStream,
        int maskStreams,
        long result,
        SharedCells shared) {

    /** The same with other cells in common. */
    public AttentionTask with(SharedCells same) {
        if (same == shared) {
            return this;
        }
        return new AttentionTask(
                streams,
                tokens,
                heads,
                keyHeads,
                cells,
                keyWidth,
                valueWidth,
                keyType,
                valueType,
                scale,
                query,
                queryToken,
                queryHead,
                queryStream,
                key,
                keyCell,
                keyHead,
                keyStream,
                value,
                valueCell,
                valueHead,
                valueStream,
                mask,
                maskToken,
                maskStream,
                maskStreams,
                result,
                same);
    }

    /** Heads of queries that share a head of keys. */
    public int group() {
        return heads / keyHeads;
    }

    /** Rows of queries that share a head of keys: of each token in turn the heads of the group. */
    public int rows() {
        return tokens * group();
    }

    public long queryRow(int stream, int head, int token) {
        return query + stream * queryStream + head * queryHead + token * queryToken;
    }

    public long keyRow(int stream, int head, int cell) {
        return key + stream * keyStream + head * keyHead + cell * keyCell;
    }

    public long valueRow(int stream, int head, int cell) {
        return value + stream * valueStream + head * valueHead + cell * valueCell;
    }

    public long maskRow(int stream, int token, int cell) {
        return mask + stream % maskStreams * maskStream + token * maskToken + (long) cell * Short.BYTES;
    }

    public long resultRow(int stream, int head, int token) {
        return result + (((long) stream * tokens + token) * heads + head) * valueWidth * Float.BYTES;
    }
}
