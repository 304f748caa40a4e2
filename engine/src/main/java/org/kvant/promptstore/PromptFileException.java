package org.kvant.promptstore;

import java.io.IOException;

/** A file that is of no use here; the message says why. */
final class PromptFileException extends IOException {
    private static final long serialVersionUID = 1;

    PromptFileException(String message) {
        super(message);
    }
}
