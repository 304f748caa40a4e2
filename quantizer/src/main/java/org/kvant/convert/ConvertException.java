package org.kvant.convert;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A checkpoint that cannot be converted. The message names the file, what is wrong in it, and the remedy. */
public final class ConvertException extends IOException {
    private static final long serialVersionUID = 1L;

    public ConvertException(String message) {
        super(message);
    }

    public ConvertException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
