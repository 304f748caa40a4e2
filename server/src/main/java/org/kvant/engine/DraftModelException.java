package org.kvant.engine;

import java.io.IOException;

/** A draft model that can't guess for the served model; the message says why and what to do. */
public final class DraftModelException extends IOException {
    private static final long serialVersionUID = 1;

    public DraftModelException(String message) {
        super(message);
    }
}
