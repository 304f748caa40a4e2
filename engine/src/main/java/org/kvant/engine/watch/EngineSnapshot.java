package org.kvant.engine.watch;

import org.kvant.promptstore.PromptStoreFigures;

/**
 * Gauges, consistent to within one decode. Everything about the model is 0 until it is loaded.
 *
 * @param state the engine's state
 * @param uptimeNanos since the engine was started
 * @param running requests that have a sequence, paused ones included
 * @param paused how many of those are paused
 * @param waiting requests in the admission queue
 * @param maxSequences how many can run at a time
 * @param kvCellsUsed cells that hold a token, those kept for prefix reuse included
 * @param kvCellsRunning how many of those belong to running requests; the others are given up as soon as somebody needs them
 * @param kvCellsShared tokens of sequences that lie in another sequence's cells: cells that sharing saves
 * @param kvCellsEvicted cells that were given up so, since the start
 * @param kvCellsTotal cells of the cache
 * @param kvBytesK bytes reserved for K
 * @param kvBytesV bytes reserved for V
 * @param kvTypeK ggml's name of K's type, as "q8_0"; empty until loaded
 * @param kvTypeV the same of V
 * @param weightBytes bytes of the model's tensors
 * @param computeBufferBytes bytes of the buffers for intermediate results
 * @param draft what the draft model takes; {@link ModelMemory#NONE} without one
 * @param promptScratch what computing prompts in f16 beside a quantized cache takes; {@link ModelMemory#NONE} until the first long prompt
 * @param tokenTextBytes Java memory for the texts of all tokens, which grammars need; 0 until the first one
 * @param promptStore prompts in files; {@link PromptStoreFigures#NONE} without a folder for them
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
        long kvCellsShared,
        long kvCellsEvicted,
        long kvCellsTotal,
        long kvBytesK,
        long kvBytesV,
        String kvTypeK,
        String kvTypeV,
        long weightBytes,
        long computeBufferBytes,
        ModelMemory draft,
        ModelMemory promptScratch,
        long tokenTextBytes,
        PromptStoreFigures promptStore) {
    /** Of a model that isn't loaded. */
    public static EngineSnapshot unloaded(int maxSequences, String typeK, String typeV) {
        return new EngineSnapshot(
                EngineState.STOPPED,
                0,
                0,
                0,
                0,
                maxSequences,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                typeK,
                typeV,
                0,
                0,
                ModelMemory.NONE,
                ModelMemory.NONE,
                0,
                PromptStoreFigures.NONE);
    }

    /** K bytes in cells that hold a token. */
    public long kvBytesUsedK() {
        return part(kvBytesK, kvCellsUsed);
    }

    /** V bytes in cells that hold a token. */
    public long kvBytesUsedV() {
        return part(kvBytesV, kvCellsUsed);
    }

    /** K bytes that sharing saves. */
    public long kvBytesSharedK() {
        return part(kvBytesK, kvCellsShared);
    }

    /** V bytes that sharing saves. */
    public long kvBytesSharedV() {
        return part(kvBytesV, kvCellsShared);
    }

    private long part(long bytes, long cells) {
        return kvCellsTotal == 0 ? 0 : Math.round((double) bytes * cells / kvCellsTotal);
    }
}
