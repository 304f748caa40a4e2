package org.kvant.engine.settings;

import java.nio.file.Path;
import java.util.Objects;

/**
 * A small model that guesses ahead for the served one.
 *
 * @param model its GGUF file; the vocabulary must be the served model's
 * @param most tokens that it guesses at once, 1 to {@value #LIMIT}
 * @param always whether it guesses as much even where measurements say that it doesn't pay; for measurements
 */
public record DraftOptions(Path model, int most, boolean always) {
    public static final int DEFAULT_MOST = 8;
    /** With the stream's own token they are as many rows as ggml's kernels multiply together. */
    public static final int LIMIT = 15;

    /** @throws IllegalArgumentException if {@code most} is out of its range */
    public DraftOptions {
        Objects.requireNonNull(model, "model");
        if (most < 1 || most > LIMIT) {
            throw new IllegalArgumentException("draftMax must be 1 to " + LIMIT + ", not " + most);
        }
    }

    /** At most so many tokens at once, where it pays. */
    public static DraftOptions of(Path model, int most) {
        return new DraftOptions(model, most, false);
    }
}
