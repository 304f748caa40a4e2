package org.kvant.convert;

/**
 * The row order of query and key matrices. Hugging Face's Llama rotates dimension j of a head together with j + d/2
 * ("half-split"), ggml's llama graph rotates 2j with 2j + 1 (as the original weights had it): output row 2j + t of a
 * head is input row t·d/2 + j.
 */
final class RowOrder {
    private RowOrder() {}

    /** The input row for an output row; {@code rowsPerHead} is even. */
    static long source(long row, long rowsPerHead) {
        long head = row / rowsPerHead;
        long within = row % rowsPerHead;
        return head * rowsPerHead + (within % 2) * (rowsPerHead / 2) + within / 2;
    }
}
