package org.kvant.engine.watch;

/** Numbers that the decode thread publishes for {@link EngineSnapshot}. */
public final class Gauges {
    public volatile int running;
    public volatile int paused;
    public volatile long kvCellsUsed;
    public volatile long kvCellsRunning;
    public volatile long kvCellsShared;
    public volatile long kvCellsEvicted;
    public volatile ModelMemory promptScratch = ModelMemory.NONE;
}
