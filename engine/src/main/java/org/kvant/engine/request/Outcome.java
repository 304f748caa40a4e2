package org.kvant.engine.request;

import org.kvant.engine.Engine;
import org.kvant.engine.watch.EngineListener;

/** How a request ended, for {@link EngineListener}: a {@link FinishReason}, or refused before it began. */
public enum Outcome {
    STOP,
    LENGTH,
    TIMEOUT,
    CANCELLED,
    ERROR,
    /** Refused at {@link Engine#submit}: full queue, bad request, or an engine that isn't ready. */
    REJECTED;

    public static Outcome of(FinishReason reason) {
        return switch (reason) {
            case STOP -> STOP;
            case LENGTH -> LENGTH;
            case TIMEOUT -> TIMEOUT;
            case CANCELLED -> CANCELLED;
            case ERROR -> ERROR;
        };
    }
}
