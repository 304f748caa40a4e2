package org.kvant.llama.modelfile;

/** Told how far a model's loading is, on the loading thread. An exception stops the loading and is passed on. */
@FunctionalInterface
public interface LoadProgress {
    /** Ignores it. */
    LoadProgress NONE = fraction -> {};

    /** @param fraction 0 to 1, not decreasing */
    void loaded(double fraction);
}
