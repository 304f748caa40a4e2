package org.kvant.engine;

import java.time.Duration;

/**
 * How an {@link Engine} is set up.
 *
 * @param contextSize cells of the whole cache, as llama-server's {@code --ctx-size}: shared out evenly among the sequences, each share rounded up
 *     to 256; 0 takes the model's training context, at most {@value #DEFAULT_SEQUENCE_CONTEXT}, for each sequence
 * @param maxSequences requests that run at a time
 * @param queueCapacity requests that may wait for a sequence
 * @param threads for one token of each sequence; 0 chooses by the cores this process may use
 * @param threadsBatch for prompts; 0 takes {@code threads}
 * @param batchSize most tokens in one call of {@code llama_decode}
 * @param ubatchSize most tokens computed at once inside it
 * @param promptBudget most prompt tokens in a decode while streams are running, so that these get on
 * @param pauseTimeout how long a generation may stay paused before it is cancelled
 * @param warmup whether one decode is made before the engine is ready
 */
public record EngineOptions(
        int contextSize,
        int maxSequences,
        int queueCapacity,
        int threads,
        int threadsBatch,
        int batchSize,
        int ubatchSize,
        int promptBudget,
        Duration pauseTimeout,
        boolean warmup) {
    public static final int DEFAULT_SEQUENCE_CONTEXT = 4096;
}
