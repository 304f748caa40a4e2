package org.kvant.engine.runtime;

import org.kvant.engine.watch.EngineSnapshot;
import org.kvant.engine.watch.ModelMemory;

/**
 * What an engine takes, by part, in bytes; the figures that {@link EngineSnapshot} gives when it runs.
 *
 * @param weightBytes the model's tensors
 * @param kvBytesK the K cache
 * @param kvBytesV the V cache
 * @param computeBytes native buffers for intermediate results
 * @param draft the same of the draft model; {@link ModelMemory#NONE} without one
 * @param promptScratch what the first long prompt takes besides, with a quantized cache on the CPU; {@link ModelMemory#NONE} elsewhere
 * @param cells tokens that the cache holds
 * @param sequenceContext tokens that one sequence can hold
 */
public record MemoryPlan(
        long weightBytes,
        long kvBytesK,
        long kvBytesV,
        long computeBytes,
        ModelMemory draft,
        ModelMemory promptScratch,
        int cells,
        int sequenceContext) {
    public long bytes() {
        return weightBytes + kvBytesK + kvBytesV + computeBytes + draft.bytes() + promptScratch.bytes();
    }
}
