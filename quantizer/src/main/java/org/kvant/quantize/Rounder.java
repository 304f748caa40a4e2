package org.kvant.quantize;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;

/** The second stage: turns the weights of a tensor into codes of its planned type. */
public interface Rounder {
    /**
     * Prepares for a tensor. Called once for each that is not merely copied, by one thread at a time, before its rows.
     *
     * @throws IOException if what it needs to know about the tensor is missing or unusable
     */
    Rows rowsOf(PlannedTensor tensor) throws IOException;

    /**
     * The order in which to take the tensors, as indices; they may be written in any. As planned unless overridden. Called
     * once, before anything else.
     */
    default List<Integer> order(List<PlannedTensor> tensors) {
        return IntStream.range(0, tensors.size()).boxed().toList();
    }

    /** Rounds rows of one tensor, on any thread, several at once, in any order. */
    interface Rows {
        /**
         * @param values the rows' weights, one row after the other, from index 0; may be overwritten
         * @param firstRow index of the first in the tensor, counted over all its matrices
         * @param rows how many; all of the same matrix
         * @param out where the codes go, from byte {@code offset} on
         * @throws org.kvant.codec.CodecException if a weight is NaN or infinite or too large for the type
         */
        void round(float[] values, long firstRow, int rows, MemorySegment out, long offset);
    }
}
