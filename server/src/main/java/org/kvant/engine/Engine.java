package org.kvant.engine;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One model behind one decode thread. The thread loads the model, owns the native context and everything in it, and runs until the engine is
 * closed; all methods here may be called from any thread.
 */
public final class Engine implements AutoCloseable {
    private Engine() {}

    /**
     * Starts the decode thread, which loads the model; returns at once in state {@link EngineState#LOADING}. A failure shows as
     * {@link EngineState#FAILED} with {@link #failure()}.
     */
    public static Engine start(Path modelFile, EngineOptions options, EngineListener listener) {
        throw new UnsupportedOperationException();
    }

    public EngineState state() {
        throw new UnsupportedOperationException();
    }

    /** Why the engine is {@link EngineState#FAILED}; else null. */
    public @Nullable Throwable failure() {
        throw new UnsupportedOperationException();
    }

    /**
     * Waits until the engine is no longer loading.
     *
     * @return the state then; {@link EngineState#LOADING} if the time ran out
     */
    public EngineState awaitReady(Duration timeout) throws InterruptedException {
        throw new UnsupportedOperationException();
    }

    /** @throws EngineNotReadyException before the model is loaded */
    public ModelInfo model() {
        throw new UnsupportedOperationException();
    }

    /** @throws EngineNotReadyException before the model is loaded */
    public Tokenizer tokenizer() {
        throw new UnsupportedOperationException();
    }

    /**
     * Admits a request. The sink's calls may begin before this returns.
     *
     * @throws QueueFullException if too many requests wait
     * @throws RequestRejectedException if this request can never be served
     * @throws EngineNotReadyException if the engine isn't {@link EngineState#READY}
     */
    public Generation submit(GenerationRequest request, TokenSink sink)
            throws QueueFullException, RequestRejectedException {
        throw new UnsupportedOperationException();
    }

    /** Gauges. */
    public EngineSnapshot snapshot() {
        throw new UnsupportedOperationException();
    }

    /**
     * Stops admitting, lets running and waiting requests finish within {@code timeout}, cancels the rest and closes. Blocks until that is done.
     */
    public void drain(Duration timeout) {
        throw new UnsupportedOperationException();
    }

    /** Cancels everything, frees the model and waits for the decode thread's end. Closing again does nothing. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
