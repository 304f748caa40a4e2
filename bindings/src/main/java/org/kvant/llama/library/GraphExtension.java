package org.kvant.llama.library;

/** What takes part in computing the graphs of contexts. */
public interface GraphExtension {
    /**
     * A hook for one more context, on that context's thread.
     *
     * @param sequences of the context
     * @param stop ends the running decode early; any thread
     */
    GraphHook open(int sequences, Runnable stop);
}
