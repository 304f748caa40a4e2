package org.kvant.engine.watch;

/**
 * What a model with its context takes, by part, in bytes.
 *
 * @param weightBytes the model's tensors
 * @param kvBytesK the K cache
 * @param kvBytesV the V cache
 * @param computeBytes native buffers for intermediate results
 */
public record ModelMemory(long weightBytes, long kvBytesK, long kvBytesV, long computeBytes) {
    /** Of a model that isn't there. */
    public static final ModelMemory NONE = new ModelMemory(0, 0, 0, 0);

    public long bytes() {
        return weightBytes + kvBytesK + kvBytesV + computeBytes;
    }
}
