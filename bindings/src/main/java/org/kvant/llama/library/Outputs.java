package org.kvant.llama.library;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntPredicate;
import org.kvant.llama.ffi.llama_h;

/** The logits of a context's last batch: which of its tokens have any, and where they are. Confined to the context's thread. */
public final class Outputs {
    private final MemorySegment context;
    private final int vocabulary;
    private final Arena arena;
    private final boolean[] present;
    private final Map<Class<?>, Object> scratch = new HashMap<>();
    private int tokens;

    /**
     * @param context the {@code llama_context}
     * @param vocabulary tokens of it, so logits of a row
     * @param batchSize the most tokens of a batch
     * @param arena lives as long as the context
     */
    public Outputs(MemorySegment context, int vocabulary, int batchSize, Arena arena) {
        this.context = context;
        this.vocabulary = vocabulary;
        this.arena = arena;
        present = new boolean[batchSize];
    }

    /** The {@code llama_context}. */
    public MemorySegment context() {
        return context;
    }

    /** A batch of so many tokens has been computed. */
    public void remember(int size, IntPredicate hasLogits) {
        tokens = size;
        for (int i = 0; i < size; i++) {
            present[i] = hasLogits.test(i);
        }
    }

    /** There are no logits any more. */
    public void forget() {
        tokens = 0;
    }

    /**
     * The logits of one token of the last batch, one for each token of the vocabulary.
     *
     * @param index of the token in the batch
     * @return valid until the next decode; may be written
     * @throws IllegalArgumentException if the last batch has no such token, or it was added without logits
     */
    public MemorySegment row(int index) {
        if (index < 0 || index >= tokens) {
            throw new IllegalArgumentException(
                    "token index " + index + " is outside the last decoded batch, which has " + tokens + " tokens");
        }
        if (!present[index]) {
            throw new IllegalArgumentException("token " + index + " of the last batch was added without logits");
        }
        MemorySegment row = llama_h.llama_get_logits_ith(context, index);
        if (row.equals(MemorySegment.NULL)) {
            throw new LlamaException("llama.cpp has no logits for token " + index + " of the last batch");
        }
        return row.reinterpret(Float.BYTES * (long) vocabulary);
    }

    /** Copies a row. */
    public void copy(int index, float[] target) {
        if (target.length < vocabulary) {
            throw new IllegalArgumentException(
                    "the logits need " + vocabulary + " floats, the array has " + target.length);
        }
        MemorySegment.copy(row(index), ValueLayout.JAVA_FLOAT, 0, target, 0, vocabulary);
    }

    /** Sets logits of a row to negative infinity. */
    public void forbid(int index, int[] ids) {
        MemorySegment row = row(index);
        for (int id : ids) {
            row.setAtIndex(ValueLayout.JAVA_FLOAT, id, Float.NEGATIVE_INFINITY);
        }
    }

    /** Sets all logits of a row to negative infinity but these. */
    public void allowOnly(int index, BitSet allowed) {
        if (allowed.isEmpty() || allowed.length() > vocabulary) {
            throw new IllegalArgumentException("the allowed tokens must be some of the vocabulary's " + vocabulary);
        }
        MemorySegment row = row(index);
        for (int from = 0; from < vocabulary; ) {
            int next = allowed.nextSetBit(from);
            int to = next < 0 ? vocabulary : next;
            for (int id = from; id < to; id++) {
                row.setAtIndex(ValueLayout.JAVA_FLOAT, id, Float.NEGATIVE_INFINITY);
            }
            from = to + 1;
        }
    }

    /** Makes room that samplers share. */
    @FunctionalInterface
    public interface Scratch<T> {
        /**
         * @param vocabulary tokens of it
         * @param arena lives as long as the context
         */
        T make(int vocabulary, Arena arena);
    }

    /** What samplers keep with the context, of which there is one rather than one for each of them; made when it is first asked for. */
    public <T> T scratch(Class<T> type, Scratch<T> maker) {
        return type.cast(scratch.computeIfAbsent(type, _ -> maker.make(vocabulary, arena)));
    }
}
