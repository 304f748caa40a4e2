package org.kvant.llama.library;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * What one context has of a {@link GraphExtension}. Its callback runs on the context's thread while a graph is computed, and no exception may leave it, because that
 * would end the JVM: it is kept for {@link #rethrow}.
 */
public interface GraphHook extends AutoCloseable {
    /** For {@code cb_eval} of {@code llama_context_params}; valid until it is closed. */
    MemorySegment callback();

    /** A decode begins: forgets what went wrong before. */
    void begin();

    /**
     * A decode has ended.
     *
     * @throws LlamaException if something went wrong since {@link #begin}
     */
    void rethrow();

    /** Whether parts of graphs were left uncomputed since {@link #begin}, so that there are no logits. */
    boolean incomplete();

    /** Who is to be told what becomes of the cells of a cache in which each sequence has its own. */
    Optional<CellListener> cells();

    /** Frees the callback. The context must have been freed. */
    @Override
    void close();
}
