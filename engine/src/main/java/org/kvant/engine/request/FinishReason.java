package org.kvant.engine.request;

/** Why a generation ended. */
public enum FinishReason {
    /** The model ended the text, or a stop string came. */
    STOP,
    /** The token limit or the end of the sequence's context was reached. */
    LENGTH,
    /** The request's own timeout is over. */
    TIMEOUT,
    /** The client, too slow a reader or the closing engine gave it up. */
    CANCELLED,
    /** Something failed; {@link Finish#error()} says what. */
    ERROR
}
