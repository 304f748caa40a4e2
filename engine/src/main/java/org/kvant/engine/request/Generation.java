package org.kvant.engine.request;

import org.kvant.engine.settings.EngineOptions;

/** An admitted request. All methods are thread-safe, return at once, and do nothing after the end. */
public interface Generation {
    /** The request's id. */
    String id();

    /** Gives the request up: its sequence is free before the next decode, and the sink gets {@link FinishReason#CANCELLED}. */
    void cancel();

    /** As {@link #cancel()}, with a reason that ends up in {@link Finish#error()}. */
    void cancel(String reason);

    /**
     * Stops computing tokens for this request from the next decode on, because its reader is slow. It keeps its sequence and its cells; paused
     * for longer than {@link EngineOptions#pauseTimeout()} it is cancelled. At most one more token arrives after this call returns.
     */
    void pause();

    /** Ends {@link #pause()}. */
    void resume();

    /** Whether the sink's {@link TokenSink#onFinish} has been called. */
    boolean finished();
}
