package org.kvant.engine;

/** Why a generation ended. */
public enum FinishReason {
    /** The model ended the text, or a stop string came. */
    STOP,
    /** The token limit or the end of the sequence's context was reached. */
    LENGTH,
    /** The client, a time-out or the closing engine gave it up. */
    CANCELLED,
    /** Something failed; {@link Finish#error()} says what. */
    ERROR
}
