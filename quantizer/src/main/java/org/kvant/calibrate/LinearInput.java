package org.kvant.calibrate;

import java.util.List;

/**
 * One input of linear layers: the weights that share it share its statistics, as attn_q, attn_k and attn_v do.
 *
 * @param name the weight it is named after, the first to be computed
 * @param weights names of all weights that it is multiplied with
 * @param columns its length
 * @param matrices matrices stacked in each weight: the experts, or 1
 * @param kind how tokens get to it
 */
public record LinearInput(String name, List<String> weights, int columns, int matrices, Kind kind) {
    /** How tokens get to an input. */
    public enum Kind {
        /** Every token goes through the one matrix (or, of a stack, each head's rows through its own). */
        DENSE,
        /** A router sends each token to some of the matrices ({@code MUL_MAT_ID}). */
        EXPERTS,
        /** The last hidden state, which the output matrix (or the token embeddings in its place) turns into logits. */
        HEAD
    }

    public LinearInput {
        weights = List.copyOf(weights);
        if (columns < 1 || matrices < 1) {
            throw new IllegalArgumentException(name + ": " + columns + " columns, " + matrices + " matrices");
        }
    }

    /** Floats of the upper triangle of one matrix's second moment. */
    public long triangle() {
        return columns * (columns + 1L) / 2;
    }

    /** Bytes of the second moments of all matrices. */
    public long momentBytes() {
        return triangle() * matrices * Float.BYTES;
    }

    /** Counts that are kept: tokens reach a stack of experts in different numbers, and everything else together. */
    public int countsKept() {
        return kind == Kind.EXPERTS ? matrices : 1;
    }

    /** The block it is in, or -1 for the head. */
    public int block() {
        String[] parts = name.split("\\.", 3);
        return parts.length > 2 && parts[0].equals("blk") && parts[1].matches("\\d{1,6}")
                ? Integer.parseInt(parts[1])
                : -1;
    }
}
