package org.kvant.engine;

/**
 * Gauges, consistent to within one decode. Everything about the model is 0 until it is loaded.
 *
 * @param state the engine's state
 * @param uptimeNanos since {@link Engine#start}
 * @param running requests that have a sequence, paused ones included
 * @param paused how many of those are paused
 * @param waiting requests in the admission queue
 * @param maxSequences how many can run at a time
 * @param kvCellsUsed cells that hold a token, those kept for prefix reuse included
 * @param kvCellsRunning how many of those belong to running requests; the others are given up as soon as somebody needs them
 * @param kvCellsEvicted cells that were given up so, since the start
 * @param kvCellsTotal cells of the cache
 * @param kvBytesK bytes reserved for K
 * @param kvBytesV bytes reserved for V
 * @param kvTypeK ggml's name of K's type, as "q8_0"; empty until loaded
 * @param kvTypeV the same of V
 * @param weightBytes bytes of the model's tensors
 * @param computeBufferBytes bytes of the buffers for intermediate results
 */
public record EngineSnapshot(
        EngineState state,
        long uptimeNanos,
        int running,
        int paused,
        int waiting,
        int maxSequences,
        long kvCellsUsed,
        long kvCellsRunning,
        long kvCellsEvicted,
        long kvCellsTotal,
        long kvBytesK,
        long kvBytesV,
        String kvTypeK,
        String kvTypeV,
        long weightBytes,
        long computeBufferBytes) {

    /** K bytes in cells that hold a token. */
    public long kvBytesUsedK() {
        return used(kvBytesK);
    }

    /** V bytes in cells that hold a token. */
    public long kvBytesUsedV() {
        return used(kvBytesV);
    }

    private long used(long bytes) {
        return kvCellsTotal == 0 ? 0 : Math.round((double) bytes * kvCellsUsed / kvCellsTotal);
    }
}
