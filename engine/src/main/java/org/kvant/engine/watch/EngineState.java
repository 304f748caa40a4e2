package org.kvant.engine.watch;

import org.kvant.engine.Engine;

/** Life of an {@link Engine}. */
public enum EngineState {
    /** The model is being loaded and warmed up; requests are refused. */
    LOADING,
    /** Requests are admitted. */
    READY,
    /** {@link Engine#drain} was called: what was admitted goes on, nothing new comes in. */
    DRAINING,
    /** Closed; native memory is freed. */
    STOPPED,
    /** Loading failed or the native library gave up; {@link Engine#failure()} says why. */
    FAILED;

    /** Whether {@link Engine#submit} admits requests. */
    public boolean admits() {
        return this == READY;
    }

    /** Whether the state cannot change any more; closing leaves {@link #FAILED} as it is. */
    public boolean ended() {
        return this == STOPPED || this == FAILED;
    }
}
