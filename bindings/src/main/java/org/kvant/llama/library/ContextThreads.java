package org.kvant.llama.library;

import java.lang.foreign.MemorySegment;
import org.kvant.llama.ffi.llama_h;

/** The threads that one context computes on: its own, or those of another context of the same thread, which never computes at the same time. */
public final class ContextThreads implements AutoCloseable {
    private final MemorySegment context;
    private final ThreadPool pool;
    private final boolean guest;
    /** Threads that the context is set to at most. */
    private int limit;

    private ContextThreads(MemorySegment context, ThreadPool pool, boolean guest) {
        this.context = context;
        this.pool = pool;
        this.guest = guest;
        limit = Math.max(pool.threads(), pool.threadsBatch());
    }

    /** Threads of its own for a {@code llama_context}. */
    public static ContextThreads own(MemorySegment context, int threads, int threadsBatch) {
        return new ContextThreads(context, new ThreadPool(context, threads, threadsBatch), false);
    }

    /** These threads for another {@code llama_context} too, which was made for as many. */
    public ContextThreads lend(MemorySegment other) {
        pool.lend(other);
        return new ContextThreads(other, pool, true);
    }

    /** Threads that compute single tokens. */
    public int single() {
        return pool.threads();
    }

    /** Threads that compute batches. */
    public int batch() {
        return pool.threadsBatch();
    }

    /**
     * Other numbers of threads for the following decodes.
     *
     * @throws IllegalStateException if they are another context's, or are lent to one
     */
    public void replace(int threads, int threadsBatch) {
        if (guest) {
            throw new IllegalStateException("this context computes on another one's threads");
        }
        pool.replace(threads, threadsBatch);
        apply();
    }

    /** Lets the following decodes, also of the contexts that share these threads, compute on at most so many of them. */
    public void limit(int most) {
        pool.limit(most);
    }

    /** A decode begins. */
    public void begin() {
        if (limit != pool.limit()) {
            apply();
        }
    }

    /** A graph has been computed. */
    public void computed() {
        if (!guest) {
            pool.computed();
        }
    }

    private void apply() {
        limit = pool.limit();
        llama_h.llama_set_n_threads(context, Math.min(limit, pool.threads()), Math.min(limit, pool.threadsBatch()));
    }

    /** Whether another context computes on them, so that they cannot be ended. */
    public boolean lent() {
        return !guest && pool.guests() > 0;
    }

    /** Ends them, or gives them back. The context must have been freed. */
    @Override
    public void close() {
        if (guest) {
            pool.leave();
        } else {
            pool.close();
        }
    }
}
