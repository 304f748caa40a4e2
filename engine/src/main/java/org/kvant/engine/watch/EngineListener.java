package org.kvant.engine.watch;

import org.jspecify.annotations.Nullable;
import org.kvant.engine.Engine;
import org.kvant.engine.request.Outcome;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.Usage;

/**
 * Sees what the engine does, for metrics. Times are nanoseconds of {@link System#nanoTime()}. Called on the decode thread, except
 * {@link #requestQueued} and {@link #requestRejected}, which come on the thread that submits. Implementations must be thread-safe and must not
 * block; what they throw is logged once and otherwise ignored. For each request the order is
 * queued → started → prefillFinished → firstToken → token… → requestFinished, and it may finish from every step. It may be pre-empted
 * between any two of these; only requestPreempted tells that.
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

    /** A running request lost its sequence for lack of cells; it is back in the queue and will be computed again. */
    default void requestPreempted(String id) {}

    /** An admitted request ended. */
    default void requestFinished(String id, Outcome outcome, Usage usage, Timings timings) {}

    /**
     * One call of {@code llama_decode} with its sampling succeeded.
     *
     * @param batchTokens tokens in the batch
     * @param promptTokens how many of them were prompt tokens; the others continue running sequences, by one each and by guesses
     * @param sequences how many sequences the tokens belong to
     * @param nanos of the native decode alone
     */
    default void decodeStep(int batchTokens, int promptTokens, int sequences, long nanos) {}

    /** Tokens of a request were guessed ahead and checked by a decode; {@code accepted} of them came true. */
    default void speculated(String id, int drafted, int accepted) {}

    /** A call of {@code llama_decode} failed; what its requests make of it follows. */
    default void decodeFailed(Throwable cause) {}

    /** One round of the scheduler that computed something: planning, decodes, sampling and handing out, {@code nanos} long. */
    default void schedulerStep(long nanos) {}
}
