package org.kvant.llama.modelfile;

import java.io.IOException;
import java.nio.file.Path;

/** A model file that cannot be used: says which file, what is wrong with it and, where known, what to do. */
public final class ModelLoadException extends IOException {
    private static final long serialVersionUID = 1L;

    public ModelLoadException(Path file, String reason) {
        super(file + ": " + reason);
    }

    public ModelLoadException(Path file, String reason, Throwable cause) {
        super(file + ": " + reason, cause);
    }
}
