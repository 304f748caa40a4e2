package org.kvant.llama.loader;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code ggml_threadpool_new} and {@code ggml_threadpool_free} of {@code ggml-cpu.h}.
 */
public final class ThreadPoolFunctions {
    private static final Logger LOG = LoggerFactory.getLogger(ThreadPoolFunctions.class);

    private final MethodHandle create;
    private final MethodHandle free;

    private ThreadPoolFunctions(MemorySegment create, MemorySegment free) {
        Linker linker = Linker.nativeLinker();
        this.create = linker.downcallHandle(create, FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS));
        this.free = linker.downcallHandle(free, FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
    }

    /** The functions, or nothing if the CPU backend does not give them. The backends must have been loaded. */
    public static Optional<ThreadPoolFunctions> find() {
        return Holder.FOUND;
    }

    private static Optional<ThreadPoolFunctions> lookUp() {
        Optional<MemorySegment> create = CpuRegistry.function("ggml_threadpool_new");
        Optional<MemorySegment> free = CpuRegistry.function("ggml_threadpool_free");
        if (create.isPresent() && free.isPresent()) {
            return Optional.of(new ThreadPoolFunctions(create.get(), free.get()));
        }
        LOG.debug("the CPU backend has no thread pools to attach; ggml starts threads for every graph");
        return Optional.empty();
    }

    /**
     * Starts a pool's threads.
     *
     * @param params a {@code ggml_threadpool_params}, read before this returns
     * @return a pool to {@link #free}, or {@code NULL}
     */
    public MemorySegment create(MemorySegment params) {
        try {
            return (MemorySegment) create.invokeExact(params);
        } catch (Throwable t) {
            throw new AssertionError("ggml_threadpool_new cannot throw", t);
        }
    }

    /** Ends and joins a pool's threads. Nothing may compute on it, then or later. */
    public void free(MemorySegment pool) {
        try {
            free.invokeExact(pool);
        } catch (Throwable t) {
            throw new AssertionError("ggml_threadpool_free cannot throw", t);
        }
    }

    private static final class Holder {
        static final Optional<ThreadPoolFunctions> FOUND = lookUp();
    }
}
