package org.kvant.engine.cells;

import org.jspecify.annotations.Nullable;

/**
 * Gives out the context's sequences and keeps what requests have computed in them, so that others with the same beginning needn't. Used by the
 * decode thread only.
 */
public interface PrefixCache {
    /** Looks for the longest beginning of the request's tokens among all sequences that it may share with, running and finished ones. */
    PrefixMatch match(SlotOwner request);

    /**
     * Assigns an idle sequence to a request and makes it its owner. Afterwards {@link Slot#cells} says how many of the request's leading tokens
     * needn't be computed, at least one fewer than it has, and the native memory holds exactly those.
     *
     * @param match what {@link #match} said in this step
     * @return null if no sequence is idle
     */
    @Nullable
    Slot acquire(SlotOwner request, PrefixMatch match);

    /** Takes a sequence back; its cells stay until someone needs the sequence or the room. */
    void release(Slot slot);

    /** Takes a sequence back and empties it. */
    void discard(Slot slot);

    /**
     * Empties the idle sequence that was used longest ago.
     *
     * @return false if no idle sequence holds any cell
     */
    boolean evict();

    /** Puts what idle sequences hold into files, if there is a place for them. */
    void keepIdle();

    /**
     * Makes the native memory of a sequence hold its first {@code cells} tokens only, as after a decode that failed halfway. If the memory can't
     * forget just a part, everything goes.
     */
    void truncate(Slot slot, int cells);

    /** The native memory of a sequence was replaced by the first {@code cells} tokens of its owner, in cells of its own. */
    void replaced(Slot slot, int cells);

    /**
     * Drops the cells of {@code dropped} tokens behind the first {@code keep} and moves the others up; only where cells aren't shared.
     */
    void shift(Slot slot, int keep, int dropped);

    /** Whether a sequence can always be cut back: neither a sliding window nor a recurrent state forgets what it would need. */
    boolean rewindable();

    /** Cells of idle sequences that were given up for other requests, since the start. */
    long evictedCells();

    /** All sequences in order of their numbers. */
    Slot[] slots();
}
