package org.kvant.engine.cells;

import java.lang.foreign.Arena;
import java.util.Optional;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.Memory;
import org.kvant.llama.library.LlamaException;
import org.kvant.llama.state.SavedSequence;
import org.kvant.llama.state.StateConversion;

/** Carries sequences between the served context and the {@link PromptScratch}'s. Belongs to the decode thread. */
final class ScratchTransfer {
    /** Tokens by which the two contexts are compared. */
    private static final int COMPARED = 8;

    private final Context served;
    private final Context scratch;
    private final StateConversion conversion;

    private ScratchTransfer(Context served, Context scratch, StateConversion conversion) {
        this.served = served;
        this.scratch = scratch;
        this.conversion = conversion;
    }

    /**
     * Lets both contexts compute some tokens and finds out how their cells become each other.
     *
     * @param sequence empty in both, before and after
     * @param tokens at least one
     * @param cache whose idle sequences make room
     * @return nothing if that can't be known, as for kinds of caches that aren't understood
     * @throws LlamaException if the library fails
     */
    static Optional<ScratchTransfer> between(
            Context served, Context scratch, int sequence, int[] tokens, PrefixCache cache) {
        Batch batch = new Batch(COMPARED);
        for (int i = 0; i < Math.min(COMPARED, tokens.length); i++) {
            batch.add(tokens[i], i, sequence, false);
        }
        try (Arena arena = Arena.ofShared()) {
            SavedSequence plain = computed(scratch, batch, sequence, cache, arena);
            SavedSequence packed = computed(served, batch, sequence, cache, arena);
            return StateConversion.between(plain, packed)
                    .map(conversion -> new ScratchTransfer(served, scratch, conversion));
        } finally {
            scratch.memory().remove(sequence);
            served.memory().remove(sequence);
        }
    }

    private static SavedSequence computed(Context context, Batch batch, int sequence, PrefixCache cache, Arena arena) {
        DecodeResult result;
        do {
            result = context.decode(batch);
        } while (result instanceof DecodeResult.NoSlot && cache.evict());
        if (!(result instanceof DecodeResult.Ok)) {
            throw new LlamaException("the two contexts can't be compared: " + result);
        }
        return context.memory().save(sequence, arena);
    }

    /**
     * Copies what the served context has of a sequence into the scratch, where that sequence is empty.
     *
     * @return false if there is no room: it stays empty then
     * @throws LlamaException if the library fails
     */
    boolean in(Slot slot) {
        if (slot.cells == 0) {
            return true;
        }
        try (Arena arena = Arena.ofShared()) {
            SavedSequence state = served.memory().save(slot.sequence, arena);
            Memory memory = scratch.memory();
            if (memory.restore(slot.sequence, conversion.unpack(state, slot.sequence, arena))
                    && memory.maxPosition(slot.sequence) == slot.cells - 1) {
                return true;
            }
            memory.remove(slot.sequence);
            return false;
        }
    }

    /**
     * Gives the served context what the scratch has of a sequence; what it has itself of the beginning stays as it is.
     *
     * @param cells that the scratch has
     * @param cache whose idle sequences make room
     * @return false if there is no room: the sequence is empty then
     * @throws LlamaException if the library fails
     */
    boolean out(Slot slot, int cells, PrefixCache cache) {
        Memory memory = served.memory();
        try (Arena arena = Arena.ofShared()) {
            SavedSequence known = slot.cells == 0 ? null : memory.save(slot.sequence, arena);
            SavedSequence state = scratch.memory().save(slot.sequence, arena);
            SavedSequence packed = conversion.pack(state, slot.sequence, known, arena);
            makeRoom(slot, cells, cache);
            boolean done;
            do {
                done = memory.restore(slot.sequence, packed);
            } while (!done && served.kvUnified() && cache.evict());
            if (done && memory.maxPosition(slot.sequence) == cells - 1) {
                cache.replaced(slot, cells);
                return true;
            }
        }
        cache.truncate(slot, 0);
        return false;
    }

    /** Where sequences share a buffer: before the library finds too few free cells there, and says so in the log. */
    private void makeRoom(Slot slot, int cells, PrefixCache cache) {
        if (served.kvUnified()) {
            boolean more = true;
            while (more && used(cache) - slot.cells + cells > served.contextSize()) {
                more = cache.evict();
            }
        }
    }

    private static int used(PrefixCache cache) {
        int used = 0;
        for (Slot slot : cache.slots()) {
            used += slot.cells - slot.shared;
        }
        return used;
    }
}
