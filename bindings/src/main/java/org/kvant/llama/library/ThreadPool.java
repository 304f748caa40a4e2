package org.kvant.llama.library;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.kvant.llama.ffi.ggml_threadpool_params;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.loader.ThreadPoolFunctions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that a context computes on besides the one that calls {@code decode}. Without a pool attached, ggml creates
 * and joins threads for every graph, so for every token. One pool serves single tokens and batches if both use the same
 * number of threads, otherwise each has its own: a pool must have as many threads as its graphs ask for. Confined to the
 * context's thread.
 */
final class ThreadPool implements AutoCloseable {
    /**
     * How long a worker spins for the next graph before it sleeps, in units of 131,072 rounds ({@code
     * ggml_graph_compute_poll_for_work}), each some milliseconds of a core: enough for the time between two tokens. ggml's
     * default of 50 was measured to occupy a core for 180 ms after every graph, against the threads that sample and answer.
     */
    private static final int POLL = 1;

    private static final Logger LOG = LoggerFactory.getLogger(ThreadPool.class);

    private final MemorySegment context;
    private final List<MemorySegment> attached = new ArrayList<>();
    private final List<MemorySegment> replaced = new ArrayList<>();
    private int threads;
    private int threadsBatch;
    private int guests;
    private int limit;

    /** Attaches threads to a {@code llama_context}, if the CPU backend has pools. */
    ThreadPool(MemorySegment context, int threads, int threadsBatch) {
        this.context = context;
        attach(threads, threadsBatch);
    }

    /**
     * Attaches these threads to another {@code llama_context} too, whose graphs must ask for as many; both belong to the same thread. Workers that
     * spin for one context's next graph would otherwise take the cores from the other's. {@link #leave} follows when that context is freed.
     */
    void lend(MemorySegment guest) {
        guests++;
        if (!attached.isEmpty()) {
            llama_h.llama_attach_threadpool(guest, attached.getFirst(), attached.getLast());
        }
    }

    /** A context that these threads were lent to is freed. */
    void leave() {
        guests--;
    }

    /** Contexts that these threads are lent to. */
    int guests() {
        return guests;
    }

    int threads() {
        return threads;
    }

    /** The most threads that graphs are to ask for just now. */
    int limit() {
        return limit;
    }

    /** @param most until the next limit or {@link #replace} */
    void limit(int most) {
        limit = most;
    }

    int threadsBatch() {
        return threadsBatch;
    }

    /** Attaches other threads; those attached so far stay until {@link #computed}. */
    void replace(int threads, int threadsBatch) {
        if (guests > 0) {
            throw new IllegalStateException("threads that another context computes on cannot be replaced");
        }
        replaced.addAll(attached);
        attached.clear();
        attach(threads, threadsBatch);
    }

    private void attach(int threads, int threadsBatch) {
        this.threads = threads;
        this.threadsBatch = threadsBatch;
        limit = Math.max(threads, threadsBatch);
        MemorySegment single = start(threads);
        MemorySegment batch = threads == threadsBatch ? single : start(threadsBatch);
        if (single.equals(MemorySegment.NULL) || batch.equals(MemorySegment.NULL)) {
            // Half a pair would be used for both, with the wrong number of threads.
            free(attached);
            llama_h.llama_attach_threadpool(context, MemorySegment.NULL, MemorySegment.NULL);
            return;
        }
        llama_h.llama_attach_threadpool(context, single, batch);
    }

    private MemorySegment start(int threads) {
        ThreadPoolFunctions functions = ThreadPoolFunctions.find().orElse(null);
        if (functions == null) {
            return MemorySegment.NULL;
        }
        MemorySegment pool;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment params = ggml_threadpool_params.allocate(arena);
            llama_h.ggml_threadpool_params_init(params, threads);
            ggml_threadpool_params.poll(params, POLL);
            pool = functions.create(params);
        }
        if (pool.equals(MemorySegment.NULL)) {
            LOG.debug("no pool of {} threads; ggml starts threads for every graph", threads);
        } else {
            attached.add(pool);
        }
        return pool;
    }

    /**
     * Says that a graph has been computed since {@link #replace}. Only that makes the CPU backend let go of the pool it used
     * before: it pauses it then, so until then it must exist.
     */
    void computed() {
        free(replaced);
    }

    private static void free(List<MemorySegment> pools) {
        if (!pools.isEmpty()) {
            ThreadPoolFunctions.find().ifPresent(functions -> pools.forEach(functions::free));
            pools.clear();
        }
    }

    /** Ends the threads. The context must have been freed. */
    @Override
    public void close() {
        free(attached);
        free(replaced);
    }
}
