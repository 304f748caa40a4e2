package org.kvant.engine.scheduling;

import org.kvant.engine.cells.PrefixCache;
import org.kvant.engine.cells.Slot;
import org.kvant.engine.cells.SlotOwner;
import org.kvant.engine.watch.Gauges;

/** Counts what the sequences hold. Belongs to the decode thread. */
final class CellGauges {
    private CellGauges() {}

    static void publish(PrefixCache cache, Gauges gauges) {
        int busy = 0;
        int held = 0;
        long cells = 0;
        long owned = 0;
        long common = 0;
        for (Slot slot : cache.slots()) {
            int own = slot.cells - slot.shared;
            cells += own;
            common += slot.shared;
            SlotOwner owner = slot.owner();
            if (owner != null) {
                busy++;
                owned += own;
                held += owner.paused() ? 1 : 0;
            }
        }
        gauges.running = busy;
        gauges.paused = held;
        gauges.kvCellsUsed = cells;
        gauges.kvCellsRunning = owned;
        gauges.kvCellsShared = common;
        gauges.kvCellsEvicted = cache.evictedCells();
    }
}
