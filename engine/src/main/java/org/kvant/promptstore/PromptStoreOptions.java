package org.kvant.promptstore;

import java.nio.file.Path;
import java.util.Objects;

/**
 * Where computed prompts are kept.
 *
 * @param folder for one running server at a time; made if it isn't there
 * @param bytes what all files in it take together at most; those unused for longest go first
 */
public record PromptStoreOptions(Path folder, long bytes) {
    public static final long DEFAULT_BYTES = 4L << 30;

    /** @throws IllegalArgumentException if there is no room for anything */
    public PromptStoreOptions {
        Objects.requireNonNull(folder, "folder");
        if (bytes < 1) {
            throw new IllegalArgumentException("the size of the prompt cache must be positive, not " + bytes);
        }
    }
}
