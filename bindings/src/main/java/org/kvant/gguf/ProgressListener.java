package org.kvant.gguf;

/** Told how far long work has come. Called on the working thread, possibly often: it must be quick and must not throw. */
@FunctionalInterface
public interface ProgressListener {
    /** Nobody listens. */
    ProgressListener NONE = (what, doneBytes, totalBytes) -> {};

    /**
     * @param what the thing being worked on, such as a tensor's name
     * @param doneBytes bytes done so far, never falling
     * @param totalBytes bytes of the whole work, or -1 if unknown
     */
    void step(String what, long doneBytes, long totalBytes);
}
