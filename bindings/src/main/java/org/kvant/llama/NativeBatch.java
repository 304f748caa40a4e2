package org.kvant.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.kvant.llama.ffi.llama_batch;

/**
 * The {@code llama_batch} of one context, allocated once. Only checked batches get in.
 */
final class NativeBatch implements AutoCloseable {
    /** Shared, since a context may be handed over to another thread; only one thread uses it at a time. */
    private final Arena arena = Arena.ofShared();

    private final MemorySegment batch = llama_batch.allocate(arena);
    private final MemorySegment tokens;
    private final MemorySegment positions;
    private final MemorySegment sequenceCounts;
    private final MemorySegment sequencePointers;
    private final MemorySegment outputFlags;
    private final int capacity;
    private MemorySegment sequences;
    private int sequencesPerToken;

    NativeBatch(int capacity) {
        tokens = arena.allocate(ValueLayout.JAVA_INT, capacity);
        positions = arena.allocate(ValueLayout.JAVA_INT, capacity);
        sequenceCounts = arena.allocate(ValueLayout.JAVA_INT, capacity);
        sequencePointers = arena.allocate(ValueLayout.ADDRESS, capacity);
        outputFlags = arena.allocate(ValueLayout.JAVA_BYTE, capacity);
        this.capacity = capacity;
        sequences = MemorySegment.NULL;
        reserveSequences(1);
        llama_batch.token(batch, tokens);
        llama_batch.embd(batch, MemorySegment.NULL);
        llama_batch.pos(batch, positions);
        llama_batch.n_seq_id(batch, sequenceCounts);
        llama_batch.seq_id(batch, sequencePointers);
        llama_batch.logits(batch, outputFlags);
    }

    /** Batches with shared tokens are rare: the table grows with the first of them. */
    private void reserveSequences(int perToken) {
        sequences = arena.allocate(ValueLayout.JAVA_INT, (long) capacity * perToken);
        for (int i = 0; i < capacity; i++) {
            sequencePointers.setAtIndex(ValueLayout.ADDRESS, i, sequences.asSlice(4L * i * perToken));
        }
        sequencesPerToken = perToken;
    }

    void fill(Batch source) {
        int size = source.size();
        for (int i = 0; i < size; i++) {
            int count = source.sequenceCount(i);
            if (count > sequencesPerToken) {
                reserveSequences(count);
                fill(source);
                return;
            }
            tokens.setAtIndex(ValueLayout.JAVA_INT, i, source.token(i));
            positions.setAtIndex(ValueLayout.JAVA_INT, i, source.position(i));
            sequenceCounts.setAtIndex(ValueLayout.JAVA_INT, i, count);
            for (int s = 0; s < count; s++) {
                sequences.setAtIndex(ValueLayout.JAVA_INT, (long) i * sequencesPerToken + s, source.sequence(i, s));
            }
            outputFlags.set(ValueLayout.JAVA_BYTE, i, (byte) (source.logits(i) ? 1 : 0));
        }
        llama_batch.n_tokens(batch, size);
    }

    MemorySegment segment() {
        return batch;
    }

    /** Lives as long as the context. */
    Arena arena() {
        return arena;
    }

    @Override
    public void close() {
        arena.close();
    }
}
