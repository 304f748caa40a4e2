package org.kvant.allocate;

import java.io.IOException;

/** A budget that can't be met, or figures that can't be used; says what would. */
public final class AllocateException extends IOException {
    private static final long serialVersionUID = 1;

    public AllocateException(String message) {
        super(message);
    }

    public AllocateException(String message, Throwable cause) {
        super(message, cause);
    }
}
