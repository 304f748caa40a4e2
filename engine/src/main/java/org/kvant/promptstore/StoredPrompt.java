package org.kvant.promptstore;

import java.nio.file.Path;
import java.util.Arrays;

/** One file of a {@link PromptStore}: the tokens are in memory, the state is not. */
public final class StoredPrompt {
    final Path file;
    final Salt salt;
    final int[] tokens;
    final long bytes;
    /** Order of use; guarded by the store. */
    long lastUsed;

    StoredPrompt(Path file, Salt salt, int[] tokens, long bytes) {
        this.file = file;
        this.salt = salt;
        this.tokens = tokens;
        this.bytes = bytes;
    }

    /** How many tokens its state is of. */
    public int length() {
        return tokens.length;
    }

    /** Bytes of its state. */
    long stateBytes() {
        return PromptFile.stateBytes(tokens.length, bytes);
    }

    /** Length of the common beginning with these tokens. */
    public int common(int[] others) {
        return common(others, others.length);
    }

    /** Length of the common beginning with the first {@code size} of these tokens. */
    int common(int[] others, int size) {
        int n = Math.min(tokens.length, size);
        int mismatch = Arrays.mismatch(tokens, 0, n, others, 0, n);
        return mismatch < 0 ? n : mismatch;
    }
}
