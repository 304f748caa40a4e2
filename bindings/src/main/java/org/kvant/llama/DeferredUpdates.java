package org.kvant.llama;

import java.util.BitSet;
import org.kvant.llama.library.LlamaException;
import org.kvant.llama.library.NativeLog;

/**
 * What llama.cpp puts off until the next decode ({@code llama_context::memory_update}): copies of cells between sequences' buffers, rotations of shifted keys. Until
 * then a sequence's cells are not yet what its positions say. Belongs to the context's thread.
 */
final class DeferredUpdates {
    private final Context context;
    /** Sequences whose cells are copied, from or to, or rotated. */
    private final BitSet sequences = new BitSet();

    private boolean shifts;

    DeferredUpdates(Context context) {
        this.context = context;
    }

    void copied(int source, int target) {
        sequences.set(source);
        sequences.set(target);
    }

    void shifted(int sequence) {
        shifts = true;
        if (context.kvUnified()) {
            // Others may have the same cells.
            sequences.set(0, context.maxSequences());
        } else {
            sequences.set(sequence);
        }
    }

    /** Whether cells of this sequence are to be written or read. */
    boolean concern(int sequence) {
        return sequences.get(sequence);
    }

    /** Whether keys are to be rotated: a decode that does so must not be stopped. */
    boolean shifts() {
        return shifts;
    }

    /** A decode has begun to compute. */
    void done() {
        sequences.clear();
        shifts = false;
    }

    /**
     * Lets llama.cpp do it now, for which it has no function: by the decode of a token, stopped before anything is computed unless keys are to be rotated. There are
     * no logits afterwards.
     *
     * @throws LlamaException if the model has a recurrent state, which could not be cut back, or all sequences are full
     */
    void settle() {
        if (context.model().recurrent()) {
            throw new LlamaException("sequences are still to be copied or shifted by the next decode");
        }
        Memory memory = context.memory();
        int sequence = 0;
        while (memory.maxPosition(sequence) + 1 >= context.model().positions()) {
            if (++sequence == context.maxSequences()) {
                throw new LlamaException("sequences are still to be copied or shifted, and all are full");
            }
        }
        int position = memory.maxPosition(sequence) + 1;
        Batch token = new Batch(1);
        token.add(0, position, sequence, false);
        boolean stop = !shifts;
        try (NativeLog.Silence unused = new NativeLog.Silence(stop)) {
            switch (context.decode(token, stop)) {
                case DecodeResult.Aborted aborted -> {}
                // Full: what was put off comes before the search for cells.
                case DecodeResult.NoSlot noSlot -> {}
                // It wasn't to stop, or computes on a device that does not.
                case DecodeResult.Ok ok -> memory.removeRange(sequence, position, Memory.END);
            }
        }
    }
}
