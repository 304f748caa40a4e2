package org.kvant.engine;

/** Numbers that the decode thread publishes for {@link Engine#snapshot()}. */
final class Gauges {
    volatile int running;
    volatile int paused;
    volatile long kvCellsUsed;

    void publish(Slot[] slots) {
        int busy = 0;
        int held = 0;
        long cells = 0;
        for (Slot slot : slots) {
            cells += slot.cells;
            if (slot.owner != null) {
                busy++;
                held += slot.owner.paused() ? 1 : 0;
            }
        }
        running = busy;
        paused = held;
        kvCellsUsed = cells;
    }
}
