package org.kvant.engine;

import org.jspecify.annotations.Nullable;
import org.kvant.engine.watch.EngineState;

/** The engine is loading, draining, stopped or failed. Unchecked, since it can come out of every use of a model. */
public final class EngineNotReadyException extends IllegalStateException {
    private final EngineState state;

    public EngineNotReadyException(EngineState state, @Nullable Throwable cause) {
        super(message(state, cause), cause);
        this.state = state;
    }

    public EngineState state() {
        return state;
    }

    private static String message(EngineState state, @Nullable Throwable cause) {
        return switch (state) {
            case LOADING -> "The model is still loading.";
            case READY -> "The engine became ready in the meantime.";
            case DRAINING -> "The server is shutting down.";
            case STOPPED -> "The engine is stopped.";
            case FAILED -> "The engine failed: " + (cause == null ? "no cause known" : cause.getMessage());
        };
    }
}
