package org.kvant.engine.settings;

import java.io.IOException;

/** A model can't be used as the options want it: the message names the file and what it lacks, {@link #setting()} which of the options to give up. */
public final class EngineSetupException extends IOException {
    /** What the model can't do. */
    public enum Setting {
        /** Texts that go on when their context is full ({@link EngineOptions#contextShift()}). */
        CONTEXT_SHIFT,
        /** A model that proposes tokens ({@link EngineOptions#draft()}). */
        DRAFT
    }

    private static final long serialVersionUID = 1;

    private final Setting setting;

    public EngineSetupException(Setting setting, String message) {
        super(message);
        this.setting = setting;
    }

    /** Without it the model could be used. */
    public Setting setting() {
        return setting;
    }
}
