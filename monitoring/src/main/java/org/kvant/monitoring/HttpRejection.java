package org.kvant.monitoring;

import org.kvant.api.common.ApiError;

/** Why a request got an error instead of being worked on, as the label {@code reason} says it. */
enum HttpRejection {
    BAD_REQUEST,
    /** The prompt doesn't fit into a sequence. */
    CONTEXT_EXCEEDED,
    UNAUTHORIZED,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    /** The body did not come in time. */
    TIMEOUT,
    TOO_LARGE,
    /** The queue is full, or too many long bodies are being read. */
    OVERLOADED,
    /** The model loads, or the server is shutting down. */
    UNAVAILABLE,
    /** A fault of the server. */
    INTERNAL;

    String label() {
        return LabelValue.of(this);
    }

    static HttpRejection of(ApiError error) {
        return switch (error.status()) {
            case 401 -> UNAUTHORIZED;
            case 404 -> NOT_FOUND;
            case 405 -> METHOD_NOT_ALLOWED;
            case 408 -> TIMEOUT;
            case 413, 414, 431 -> TOO_LARGE;
            case 429 -> OVERLOADED;
            case 503 -> UNAVAILABLE;
            default ->
                error.status() >= 500
                        ? INTERNAL
                        : "context_length_exceeded".equals(error.code()) ? CONTEXT_EXCEEDED : BAD_REQUEST;
        };
    }
}
