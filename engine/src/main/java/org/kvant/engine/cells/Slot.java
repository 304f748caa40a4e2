package org.kvant.engine.cells;

import org.jspecify.annotations.Nullable;

/** One sequence of the context: what its cells hold and who uses it. Belongs to the decode thread. */
public final class Slot {
    public static final int NOWHERE = Integer.MAX_VALUE;

    public final int sequence;
    /** The tokens of its cells are the first {@link #cells} of these. */
    TokenList tokens = new TokenList(new int[0], 0);

    /** Cells filled: positions 0 to {@code cells - 1}. */
    public int cells;

    /** Leading cells that are what computing their tokens gives; those behind them were moved when the context was full. */
    int exact = Integer.MAX_VALUE;

    /** Leading cells that it has in common with {@link #sharedWith}, where sequences share a buffer. */
    public int shared;

    @Nullable
    Slot sharedWith;

    /** Clock of the {@link PrefixCache} at its last release. */
    long lastUsed;

    /** Requests of another salt must not see from the time they take whether these tokens were computed before. */
    String salt = "";

    @Nullable
    Object group;

    /** Position at which the computation pauses for a step, so that waiting requests can begin with a copy of it. */
    public int forkAt = NOWHERE;

    private @Nullable SlotOwner owner;

    Slot(int sequence) {
        this.sequence = sequence;
    }

    /** Whose tokens are computed in it; null if nobody's are. */
    public @Nullable SlotOwner owner() {
        return owner;
    }

    void owner(@Nullable SlotOwner value) {
        owner = value;
    }

    public boolean idle() {
        return owner == null;
    }
}
