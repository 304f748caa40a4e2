package org.kvant.engine;

import java.io.IOException;

/** What was asked for can't be had with this model; the message says why and what to do. */
public final class EngineSetupException extends IOException {
    private static final long serialVersionUID = 1;

    public EngineSetupException(String message) {
        super(message);
    }
}
