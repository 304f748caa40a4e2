package org.kvant.engine.runtime;

import org.kvant.engine.cells.CellMemory;
import org.kvant.llama.Memory;

/** The cells of a native context. Belongs to the decode thread. */
record ContextCells(Memory memory) implements CellMemory {
    @Override
    public boolean removeRange(int sequence, int from, int to) {
        return memory.removeRange(sequence, from, to);
    }

    @Override
    public void remove(int sequence) {
        memory.remove(sequence);
    }

    @Override
    public void copy(int source, int target, int from, int to) {
        memory.copy(source, target, from, to);
    }

    @Override
    public void shift(int sequence, int from, int to, int delta) {
        memory.shift(sequence, from, to, delta);
    }

    @Override
    public int minPosition(int sequence) {
        return memory.minPosition(sequence);
    }

    @Override
    public int maxPosition(int sequence) {
        return memory.maxPosition(sequence);
    }
}
