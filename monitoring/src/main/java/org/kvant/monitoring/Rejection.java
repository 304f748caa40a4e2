package org.kvant.monitoring;

import org.kvant.engine.EngineNotReadyException;
import org.kvant.engine.request.QueueFullException;
import org.kvant.engine.request.RequestRejectedException;

/** Why the engine refused a request, as the label {@code reason} says it. */
enum Rejection {
    /** Too many requests wait already. */
    QUEUE_FULL,
    /** The engine loads, drains or has stopped. */
    NOT_READY,
    CONTEXT_EXCEEDED,
    EMPTY_PROMPT,
    INVALID_TOKEN,
    OTHER;

    String label() {
        return LabelValue.of(this);
    }

    static Rejection of(Throwable cause) {
        return switch (cause) {
            case QueueFullException _ -> QUEUE_FULL;
            case EngineNotReadyException _ -> NOT_READY;
            case RequestRejectedException rejected ->
                switch (rejected.reason()) {
                    case CONTEXT_EXCEEDED -> CONTEXT_EXCEEDED;
                    case EMPTY_PROMPT -> EMPTY_PROMPT;
                    case INVALID_TOKEN -> INVALID_TOKEN;
                };
            default -> OTHER;
        };
    }
}
