package org.kvant.engine.host;

/** What a registered model is doing. */
public enum ModelState {
    /** Known by name only. */
    UNLOADED,
    LOADING,
    /** Takes requests. */
    READY,
    /** Takes no new requests; those that run may finish. */
    DRAINING,
    /** Couldn't be loaded, or couldn't go on. */
    FAILED
}
