package org.kvant.engine;

import org.jspecify.annotations.Nullable;

/**
 * Sees what the engine does, for metrics. Times are nanoseconds of {@link System#nanoTime()}. Called on the decode thread, except
 * {@link #requestQueued} and {@link #requestRejected}, which come on the thread that submits. Implementations must be thread-safe and must not
 * block; what they throw is logged once and otherwise ignored. For each request the order is
 * queued → started → prefillFinished → firstToken → token… → requestFinished, and it may finish from every step.
 */
public interface EngineListener {
    EngineListener NONE = new EngineListener() {};

    /** The engine's state changed; {@code failure} comes with {@link EngineState#FAILED}. */
    default void stateChanged(EngineState state, @Nullable Throwable failure) {}

    /** A request was admitted and waits for a sequence. */
    default void requestQueued(String id) {}

    /** A request was refused by {@link Engine#submit}, with the exception that its caller gets. */
    default void requestRejected(String id, Throwable cause) {}

    /** A sequence was assigned, {@code queueNanos} after the submit. */
    default void requestStarted(String id, long queueNanos) {}

    /** The whole prompt is computed, {@code nanos} after the start. */
    default void prefillFinished(String id, long nanos, int promptTokens, int cachedTokens) {}

    /** The first token was sampled. */
    default void firstToken(String id, long nanosSinceSubmit) {}

    /** A further token was sampled; time spent paused is part of the gap. */
    default void token(String id, long nanosSincePrevious) {}

    /** An admitted request ended. */
    default void requestFinished(String id, Outcome outcome, Usage usage, long e2eNanos) {}

    /**
     * One call of {@code llama_decode} with its sampling succeeded.
     *
     * @param batchTokens tokens in the batch
     * @param promptTokens how many of them were prompt tokens; the others continue one running sequence each
     * @param nanos of the native decode alone
     */
    default void decodeStep(int batchTokens, int promptTokens, long nanos) {}
}
