package org.kvant.cli.terminal;

import org.kvant.engine.settings.EngineSetupException;

/** What the engine says of a model that can't be used as asked, and which option of this command to give up. */
public final class SetupHint {
    private SetupHint() {}

    public static String describe(Throwable failure) {
        String message = failure.getMessage() == null ? String.valueOf(failure) : failure.getMessage();
        if (failure instanceof EngineSetupException setup) {
            return message
                    + switch (setup.setting()) {
                        case CONTEXT_SHIFT -> "; or leave --context-shift out";
                        case DRAFT -> "; or start without --draft";
                    };
        }
        return message;
    }
}
