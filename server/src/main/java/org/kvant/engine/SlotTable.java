package org.kvant.engine;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.Memory;

/**
 * Reuses a finished sequence in place, as llama-server does: the idle sequence that shares the longest beginning with the new prompt, if that is
 * worth it, else the one used longest ago.
 *
 * <p>Where each sequence has a buffer of its own, llama.cpp computes neighbours (by number) in one pass over the weights and everything else in
 * passes of its own ({@code llama_batch_allocr::split_equal}). So of several idle sequences the one that keeps the busy ones together wins.
 */
final class SlotTable implements PrefixCache {
    /** A common beginning shorter than this part of the prompt isn't worth losing the least recently used order (llama-server's default). */
    private static final double WORTHWHILE = 0.1;

    private final Memory memory;
    private final boolean separateBuffers;
    private final int slidingWindow;
    private final Slot[] slots;
    private long clock;
    private long evictedCells;

    /**
     * @param separateBuffers whether each sequence has a buffer of its own (a cache that isn't unified)
     * @param slidingWindow tokens of the model's sliding window; 0 if it has none
     */
    SlotTable(Memory memory, int sequences, boolean separateBuffers, int slidingWindow) {
        this.memory = memory;
        this.slidingWindow = slidingWindow;
        this.separateBuffers = separateBuffers;
        slots = new Slot[sequences];
        for (int i = 0; i < sequences; i++) {
            slots[i] = new Slot(i);
        }
    }

    @Override
    public @Nullable Slot acquire(ActiveRequest request) {
        Slot slot = request.mayReuse() ? bestPrefix(request.tokens) : null;
        if (slot == null) {
            slot = leastRecentlyUsed();
        }
        if (slot == null) {
            return null;
        }
        int reusable = request.mayReuse() ? Math.min(commonPrefix(slot, request.tokens), request.tokens.size() - 1) : 0;
        int kept = slot.cells;
        truncate(slot, reusable);
        evictedCells += kept - slot.cells;
        slot.tokens = request.tokens;
        slot.owner = request;
        return slot;
    }

    @Override
    public void release(Slot slot) {
        Objects.requireNonNull(slot.owner, "released twice");
        slot.owner = null;
        slot.lastUsed = ++clock;
    }

    @Override
    public void discard(Slot slot) {
        truncate(slot, 0);
        slot.tokens = new TokenList(new int[0], 0);
        slot.owner = null;
    }

    @Override
    public boolean evict() {
        Slot oldest = null;
        for (Slot slot : slots) {
            if (slot.idle() && slot.cells > 0 && (oldest == null || slot.lastUsed < oldest.lastUsed)) {
                oldest = slot;
            }
        }
        if (oldest == null) {
            return false;
        }
        evictedCells += oldest.cells;
        truncate(oldest, 0);
        return true;
    }

    @Override
    public void truncate(Slot slot, int cells) {
        if (cells > 0 && !canKeep(slot, cells)) {
            cells = 0;
        }
        if (cells == 0 || !memory.removeRange(slot.sequence, cells, Memory.END)) {
            memory.remove(slot.sequence);
            cells = 0;
        }
        slot.cells = cells;
    }

    /**
     * Whether going on at position {@code cells} finds what it needs. A memory can always be continued at its end; to be rewound it must still hold
     * the sliding window before that place. Recurrent states hold their last position only.
     */
    private boolean canKeep(Slot slot, int cells) {
        int last = memory.maxPosition(slot.sequence);
        if (last == cells - 1) {
            return true;
        }
        int needed = slidingWindow == 0 ? 0 : Math.max(0, cells - slidingWindow);
        return last >= cells && memory.minPosition(slot.sequence) <= needed;
    }

    @Override
    public long evictedCells() {
        return evictedCells;
    }

    @Override
    public Slot[] slots() {
        return slots;
    }

    private @Nullable Slot bestPrefix(TokenList tokens) {
        Slot best = null;
        int longest = (int) (WORTHWHILE * tokens.size());
        for (Slot slot : slots) {
            if (slot.idle()) {
                int common = commonPrefix(slot, tokens);
                if (common > longest) {
                    longest = common;
                    best = slot;
                }
            }
        }
        return best;
    }

    private static int commonPrefix(Slot slot, TokenList tokens) {
        return Math.min(slot.cells, slot.tokens.commonPrefix(tokens));
    }

    private @Nullable Slot leastRecentlyUsed() {
        Slot best = null;
        int fewestGroups = Integer.MAX_VALUE;
        for (Slot slot : slots) {
            if (!slot.idle()) {
                continue;
            }
            int groups = separateBuffers ? groupsWith(slot) : 0;
            if (best == null || groups < fewestGroups || (groups == fewestGroups && slot.lastUsed < best.lastUsed)) {
                best = slot;
                fewestGroups = groups;
            }
        }
        return best;
    }

    /** How many runs of neighbours the busy sequences would form together with this one. */
    private int groupsWith(Slot candidate) {
        int groups = 0;
        boolean previous = false;
        for (Slot slot : slots) {
            boolean busy = slot == candidate || !slot.idle();
            if (busy && !previous) {
                groups++;
            }
            previous = busy;
        }
        return groups;
    }
}
