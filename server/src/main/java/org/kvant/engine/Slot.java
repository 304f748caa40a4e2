package org.kvant.engine;

import org.jspecify.annotations.Nullable;

/** One sequence of the context: what its cells hold and who uses it. Belongs to the decode thread. */
final class Slot {
    final int sequence;
    /** The tokens of its cells are the first {@link #cells} of these. */
    TokenList tokens = new TokenList(new int[0], 0);

    /** Cells filled: positions 0 to {@code cells - 1}. */
    int cells;

    /** Clock of the {@link PrefixCache} at its last release. */
    long lastUsed;

    @Nullable
    ActiveRequest owner;

    Slot(int sequence) {
        this.sequence = sequence;
    }

    boolean idle() {
        return owner == null;
    }
}
