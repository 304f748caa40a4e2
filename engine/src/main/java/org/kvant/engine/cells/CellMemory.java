package org.kvant.engine.cells;

/**
 * The cells of a context by sequence and position, as the scheduler sees them ({@code llama_memory_*} in llama.h). Positions of a sequence count from 0.
 * Belongs to the decode thread.
 */
public interface CellMemory {
    /** As an end: all that follows. */
    int END = Integer.MAX_VALUE;

    /**
     * Forgets the positions from {@code from} to before {@code to}.
     *
     * @return false if this memory can't forget a part; nothing has changed then
     */
    boolean removeRange(int sequence, int from, int to);

    /** Forgets a sequence. */
    void remove(int sequence);

    /** Lets {@code target} hold what {@code source} has at these positions, beside what it has itself. */
    void copy(int source, int target, int from, int to);

    /** Adds {@code delta} to the positions from {@code from} to before {@code to}. */
    void shift(int sequence, int from, int to, int delta);

    /** The smallest position that a sequence has; -1 if it is empty. */
    int minPosition(int sequence);

    /** The largest position that a sequence has; -1 if it is empty. */
    int maxPosition(int sequence);
}
