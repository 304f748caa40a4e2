package org.kvant.llama.loader;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** {@code ggml_backend_set_n_threads} of the CPU backend. */
public final class BackendThreads {
    private final MethodHandle set;

    private BackendThreads(MemorySegment function) {
        set = Linker.nativeLinker()
                .downcallHandle(function, FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    }

    /** The function, or nothing if the CPU backend does not give it. The backends must have been loaded. */
    public static Optional<BackendThreads> find() {
        return CpuRegistry.function("ggml_backend_set_n_threads").map(BackendThreads::new);
    }

    /** @param backend a {@code ggml_backend_t} of the CPU */
    public void set(MemorySegment backend, int threads) {
        try {
            set.invokeExact(backend, threads);
        } catch (Throwable t) {
            throw new AssertionError("ggml_backend_set_n_threads cannot throw", t);
        }
    }
}
