package org.kvant.engine.request;

/** A request that can never be served by this engine as it is; nothing was computed. */
public final class RequestRejectedException extends Exception {
    /** What is wrong with the request. */
    public enum Reason {
        /** The prompt leaves no room in a sequence's context. */
        CONTEXT_EXCEEDED,
        /** A prompt without tokens. */
        EMPTY_PROMPT,
        /** A token id outside the vocabulary. */
        INVALID_TOKEN
    }

    private final Reason reason;

    public RequestRejectedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
