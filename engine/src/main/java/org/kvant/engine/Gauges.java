package org.kvant.engine;

/** Numbers that the decode thread publishes for {@link Engine#snapshot()}. */
final class Gauges {
    volatile int running;
    volatile int paused;
    volatile long kvCellsUsed;
    volatile long kvCellsRunning;
    volatile long kvCellsShared;
    volatile long kvCellsEvicted;
    volatile ModelMemory promptScratch = ModelMemory.NONE;

    void publish(PrefixCache cache) {
        int busy = 0;
        int held = 0;
        long cells = 0;
        long owned = 0;
        long common = 0;
        for (Slot slot : cache.slots()) {
            int own = slot.cells - slot.shared;
            cells += own;
            common += slot.shared;
            if (slot.owner != null) {
                busy++;
                owned += own;
                held += slot.owner.paused() ? 1 : 0;
            }
        }
        running = busy;
        paused = held;
        kvCellsUsed = cells;
        kvCellsRunning = owned;
        kvCellsShared = common;
        kvCellsEvicted = cache.evictedCells();
    }
}
