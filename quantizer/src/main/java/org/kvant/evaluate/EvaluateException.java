package org.kvant.evaluate;

import java.io.IOException;

/** An input that cannot be evaluated. The message names it, says what is wrong and what would be right. */
public final class EvaluateException extends IOException {
    private static final long serialVersionUID = 1L;

    public EvaluateException(String message) {
        super(message);
    }

    public EvaluateException(String message, Throwable cause) {
        super(message, cause);
    }
}
