package org.kvant.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.library.CellListener;
import org.kvant.llama.library.LlamaException;
import org.kvant.llama.state.SavedSequence;

/**
 * What a context remembers of its sequences: the KV cache. Confined to the context's thread. Sequence ids are 0 to
 * {@link Context#maxSequences()} minus 1; a range of positions is {@code from} inclusive to {@code to} exclusive.
 */
public final class Memory {
    /** As {@code to}: up to the end. */
    public static final int END = Integer.MAX_VALUE;

    private final Context context;
    private final MemorySegment memory;
    private final @Nullable CellListener cells;
    private final DeferredUpdates deferred;

    /** @param cells is told what becomes of cells, if each sequence has its own */
    Memory(Context context, MemorySegment memory, @Nullable CellListener cells) {
        this.context = context;
        this.memory = memory;
        this.cells = cells;
        this.deferred = new DeferredUpdates(context);
    }

    /** What the next decode does first. */
    DeferredUpdates deferred() {
        return deferred;
    }

    /**
     * Forgets a range of a sequence.
     *
     * @return false if this kind of memory cannot forget a part only (recurrent models); forgetting a whole sequence
     *     always works
     */
    public boolean removeRange(int sequence, int from, int to) {
        context.check();
        context.checkSequence(sequence);
        checkRange(from, to);
        return from == to || llama_h.llama_memory_seq_rm(memory, sequence, from, to == END ? -1 : to);
    }

    /** Forgets a whole sequence. */
    public void remove(int sequence) {
        var unused = removeRange(sequence, 0, END);
    }

    /**
     * Lets a sequence have the same beginning as another: at no cost with a unified cache, by copying the cells of the whole
     * sequence otherwise.
     *
     * @param target must be empty
     * @param to without a unified cache only {@link #END} (and 0 as {@code from}): copy all and remove what is too much
     */
    public void copy(int source, int target, int from, int to) {
        context.check();
        context.checkSequence(source);
        context.checkSequence(target);
        checkRange(from, to);
        if (source == target || from == to) {
            return;
        }
        if (maxPosition(target) >= 0) {
            throw new IllegalStateException("sequence " + target + " is not empty (positions up to "
                    + maxPosition(target) + "); remove it first");
        }
        if (!context.kvUnified() && (from != 0 || to != END)) {
            throw new IllegalArgumentException(
                    "without a unified cache only whole sequences can be copied, not positions " + from + " to " + to
                            + "; copy all and remove what is too much");
        }
        llama_h.llama_memory_seq_cp(memory, source, target, from, to == END ? -1 : to);
        if (!context.kvUnified()) {
            deferred.copied(source, target);
            if (cells != null) {
                cells.copied(source, target);
            }
        }
    }

    /** Forgets every other sequence. */
    public void keep(int sequence) {
        context.check();
        context.checkSequence(sequence);
        for (int other = 0; other < context.maxSequences(); other++) {
            if (other != sequence) {
                remove(other);
            }
        }
    }

    /**
     * Moves a range of a sequence by {@code delta} positions, which rotates its keys at the next decode. What would get a
     * negative position is forgotten.
     *
     * @throws UnsupportedOperationException if {@link #canShift} is false
     * @throws IllegalArgumentException if the range would overlap what it is moved to
     */
    public void shift(int sequence, int from, int to, int delta) {
        context.check();
        context.checkSequence(sequence);
        checkRange(from, to);
        if (!canShift()) {
            throw new UnsupportedOperationException("positions cannot be shifted with this model or cache");
        }
        if (delta == 0 || from == to) {
            return;
        }
        int last = maxPosition(sequence);
        long newLast = (long) Math.min(last, to == END ? last : to - 1) + delta;
        if (newLast > ContextOptions.MAX_CONTEXT) {
            throw new IllegalArgumentException("position " + newLast + " is out of range");
        }
        llama_h.llama_memory_seq_add(memory, sequence, from, to == END ? -1 : to, delta);
        deferred.shifted(sequence);
        if (cells != null) {
            cells.rewritten(sequence);
        }
    }

    /** Bytes that {@link #save} would copy. */
    public long stateSize(int sequence) {
        context.check();
        context.checkSequence(sequence);
        return llama_h.llama_state_seq_get_size(context.segment(), sequence);
    }

    /**
     * Copies what is remembered of a sequence, in a form that only the same library, model and kind of memory can read. Takes the last decode's logits away if the
     * sequence was copied or shifted since.
     *
     * @param arena holds the copy
     * @throws LlamaException if the library fails
     */
    public SavedSequence save(int sequence, Arena arena) {
        context.check();
        context.checkSequence(sequence);
        if (deferred.concern(sequence)) {
            deferred.settle();
        }
        long size = stateSize(sequence);
        SavedSequence state = SavedSequence.allocate(size, arena);
        if (size == 0
                || llama_h.llama_state_seq_get_data(
                                context.segment(), state.handle().segment(), size, sequence)
                        != size) {
            throw new LlamaException("the state of sequence " + sequence + " could not be copied");
        }
        return state;
    }

    /**
     * Replaces what is remembered of a sequence. Takes the last decode's logits away if the sequence was copied or shifted since.
     *
     * @param state what {@link #save} gave: the library checks sizes and types only, so the caller must know that it is unchanged
     * @return false if it does not fit, as without enough free cells or with another kind of memory, or if the sequence of a model with a recurrent state was copied
     *     since the last decode; it is empty then
     */
    public boolean restore(int sequence, SavedSequence state) {
        context.check();
        context.checkSequence(sequence);
        if (deferred.concern(sequence)) {
            if (context.model().recurrent()) {
                remove(sequence);
                return false;
            }
            deferred.settle();
        }
        if (cells != null) {
            cells.rewritten(sequence);
        }
        boolean restored = llama_h.llama_state_seq_set_data(
                        context.segment(), state.handle().segment(), state.byteSize(), sequence)
                == state.byteSize();
        if (!restored) {
            remove(sequence);
        }
        return restored;
    }

    /** The smallest position that is remembered, or -1 if the sequence is empty. Above 0 when a sliding window has moved on. */
    public int minPosition(int sequence) {
        context.check();
        context.checkSequence(sequence);
        return llama_h.llama_memory_seq_pos_min(memory, sequence);
    }

    /** The largest position that is remembered, or -1 if the sequence is empty. The next token goes behind it. */
    public int maxPosition(int sequence) {
        context.check();
        context.checkSequence(sequence);
        return llama_h.llama_memory_seq_pos_max(memory, sequence);
    }

    /**
     * Forgets all sequences.
     *
     * @param data whether to overwrite the buffers as well
     */
    public void clear(boolean data) {
        context.check();
        llama_h.llama_memory_clear(memory, data);
        if (cells != null) {
            for (int sequence = 0; sequence < context.maxSequences(); sequence++) {
                cells.rewritten(sequence);
            }
        }
    }

    /** Whether {@link #shift} works with this model and cache. */
    public boolean canShift() {
        context.check();
        return context.shiftable() && llama_h.llama_memory_can_shift(memory);
    }

    private static void checkRange(int from, int to) {
        if (from < 0 || to < from) {
            throw new IllegalArgumentException("positions " + from + " to " + to + " are not a range");
        }
    }
}
