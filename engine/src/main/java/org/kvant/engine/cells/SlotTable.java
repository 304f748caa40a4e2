package org.kvant.engine.cells;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Shares beginnings among sequences: a new request begins with what any sequence, running or finished, has of its prompt. A finished one is
 * continued in place if little else is lost by that; otherwise the beginning is copied, which costs nothing where sequences share a buffer and a copy
 * of the whole sequence's buffer where each has its own. With a few hundred sequences at most, comparing the prompt with each takes
 * microseconds (docs/decisions/0005-prefix-cache.md).
 *
 * <p>Where each sequence has a buffer of its own, llama.cpp computes neighbours (by number) in one pass over the weights and everything else in
 * passes of its own ({@code llama_batch_allocr::split_equal}). So of several idle sequences the one that keeps the busy ones together wins.
 */
public final class SlotTable implements PrefixCache {
    /** Computing fewer tokens takes about as long as copying a sequence's buffer. */
    private static final int WORTH_COPYING = 32;

    /** Waiting for another request's prompt spares computing at least so much. */
    private static final int WORTH_WAITING = 32;

    /** So few cells of a finished sequence are given up rather than copying the others. */
    private static final int CHEAP_LOSS = 32;

    private final CellMemory memory;
    private final boolean separateBuffers;
    private final int slidingWindow;
    private final boolean rewindable;
    private final @Nullable StoredPrefixes stored;
    private final Slot[] slots;
    private long clock;
    private long evictedCells;

    /**
     * @param separateBuffers whether each sequence has a buffer of its own (a cache that isn't unified)
     * @param slidingWindow tokens of the model's sliding window; 0 if it has none
     * @param recurrent whether sequences are states that can't be cut back
     * @param stored gets what sequences hold before it goes; null for nobody
     */
    public SlotTable(
            CellMemory memory,
            int sequences,
            boolean separateBuffers,
            int slidingWindow,
            boolean recurrent,
            @Nullable StoredPrefixes stored) {
        this.stored = stored;
        this.memory = memory;
        this.slidingWindow = slidingWindow;
        this.separateBuffers = separateBuffers;
        rewindable = slidingWindow == 0 && !recurrent;
        slots = new Slot[sequences];
        for (int i = 0; i < sequences; i++) {
            slots[i] = new Slot(i);
        }
    }

    @Override
    public PrefixMatch match(SlotOwner request) {
        Slot best = null;
        int longest = 0;
        Slot coming = null;
        int comingLength = 0;
        for (Slot slot : slots) {
            if (!mayShare(slot, request)) {
                continue;
            }
            int common = common(slot, request.tokens());
            int ready = Math.min(common, slot.cells);
            boolean better = ready > longest || (ready == longest && best != null && preferred(slot, best));
            if (ready > 0 && better && canKeep(slot, ready)) {
                longest = ready;
                best = slot;
            }
            if (common > Math.max(slot.cells, comingLength) && isComing(slot)) {
                coming = slot;
                comingLength = common;
            }
        }
        if (comingLength - longest < WORTH_WAITING) {
            coming = null;
        }
        return new PrefixMatch(best, longest, coming, comingLength);
    }

    /** Whether its prompt is being computed. */
    private static boolean isComing(Slot slot) {
        SlotOwner owner = slot.owner();
        return owner != null && !owner.paused() && !owner.streaming();
    }

    private static boolean mayShare(Slot slot, SlotOwner request) {
        if (request.work().wantsPromptOutputs()) {
            return false;
        }
        boolean together = request.work().group() != null && request.work().group() == slot.group;
        return together
                || (request.mayReuse() && slot.salt.equals(request.work().cacheSalt()));
    }

    /** Of equal beginnings that which can be continued in place with the smallest loss. */
    private static boolean preferred(Slot a, Slot b) {
        return a.idle() && (!b.idle() || a.cells < b.cells);
    }

    @Override
    public @Nullable Slot acquire(SlotOwner request, PrefixMatch match) {
        Slot source = match.source();
        Slot slot = source != null && source.idle() && source.cells - match.length() <= CHEAP_LOSS
                ? source
                : leastRecentlyUsed();
        if (slot == null) {
            return null;
        }
        int kept = slot.cells;
        if (source == slot) {
            if (kept - match.length() > CHEAP_LOSS) {
                keep(slot);
            }
            truncate(slot, match.length());
            evictedCells += kept - slot.cells;
        } else if (source != null && match.length() >= (separateBuffers ? WORTH_COPYING : 1)) {
            keep(slot);
            copy(source, slot, match.length());
            evictedCells += kept;
        } else {
            int common = mayShare(slot, request) ? commonPrefix(slot, request.tokens()) : 0;
            if (kept - common > CHEAP_LOSS) {
                keep(slot);
            }
            truncate(slot, common);
            evictedCells += kept - slot.cells;
        }
        slot.tokens = request.tokens();
        slot.salt = request.work().cacheSalt();
        slot.group = request.work().group();
        slot.owner(request);
        return slot;
    }

    private void copy(Slot source, Slot target, int length) {
        truncate(target, 0);
        // Separate buffers can only be copied whole; a recurrent state has no parts either.
        boolean whole = separateBuffers || length == source.cells;
        memory.copy(source.sequence, target.sequence, 0, whole ? CellMemory.END : length);
        target.cells = whole ? source.cells : length;
        truncate(target, length);
        if (!separateBuffers) {
            target.shared = target.cells;
            target.sharedWith = source;
        }
    }

    @Override
    public void release(Slot slot) {
        Objects.requireNonNull(slot.owner(), "released twice");
        slot.forkAt = Slot.NOWHERE;
        slot.owner(null);
        slot.lastUsed = ++clock;
    }

    @Override
    public void discard(Slot slot) {
        truncate(slot, 0);
        slot.forkAt = Slot.NOWHERE;
        slot.tokens = new TokenList(new int[0], 0);
        slot.owner(null);
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
        keep(oldest);
        truncate(oldest, 0);
        return true;
    }

    private void keep(Slot slot) {
        if (stored != null) {
            stored.keep(this, slot);
        }
    }

    @Override
    public void keepIdle() {
        for (Slot slot : slots) {
            if (slot.idle()) {
                keep(slot);
            }
        }
    }

    @Override
    public void truncate(Slot slot, int cells) {
        if (cells > 0 && !canKeep(slot, cells)) {
            cells = 0;
        }
        if (cells == 0 || !memory.removeRange(slot.sequence, cells, CellMemory.END)) {
            memory.remove(slot.sequence);
            cells = 0;
        }
        slot.cells = cells;
        if (cells <= slot.exact) {
            slot.exact = Integer.MAX_VALUE;
        }
        slot.shared = Math.min(slot.shared, cells);
        for (Slot other : slots) {
            if (other.sharedWith == slot) {
                other.shared = Math.min(other.shared, cells);
            }
        }
    }

    @Override
    public void replaced(Slot slot, int cells) {
        slot.cells = cells;
        slot.exact = Integer.MAX_VALUE;
        slot.shared = 0;
        for (Slot other : slots) {
            if (other.sharedWith == slot) {
                other.shared = 0;
            }
        }
    }

    @Override
    public void shift(Slot slot, int keep, int dropped) {
        if (!memory.removeRange(slot.sequence, keep, keep + dropped)) {
            truncate(slot, 0);
            return;
        }
        memory.shift(slot.sequence, keep + dropped, CellMemory.END, -dropped);
        slot.cells -= dropped;
        slot.exact = Math.min(slot.exact, keep);
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
    public boolean rewindable() {
        return rewindable;
    }

    @Override
    public long evictedCells() {
        return evictedCells;
    }

    @Override
    public Slot[] slots() {
        return slots;
    }

    private static int commonPrefix(Slot slot, TokenList tokens) {
        return Math.min(slot.cells, common(slot, tokens));
    }

    /** Leading tokens that a sequence has or will have in common with a request, at least one fewer than the request has. */
    private static int common(Slot slot, TokenList tokens) {
        return Math.min(Math.min(slot.exact, slot.tokens.commonPrefix(tokens)), tokens.size() - 1);
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
