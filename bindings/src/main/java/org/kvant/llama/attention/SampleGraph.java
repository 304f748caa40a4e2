package org.kvant.llama.attention;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.kvant.llama.ffi.ggml_init_params;
import org.kvant.llama.ffi.ggml_tensor;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.library.LibraryState;
import org.kvant.llama.library.LlamaException;
import org.kvant.llama.library.NativeAbort;
import org.kvant.llama.loader.BackendThreads;

/** A graph of a single operation over made-up data, which ggml computes on the CPU. Confined to the thread that made it. */
final class SampleGraph implements AutoCloseable {
    /** Room for tensors, views and a graph's few nodes besides their data. */
    private static final int TENSORS = 16;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment context;
    private final MemorySegment backend;
    private MemorySegment graph = MemorySegment.NULL;

    /**
     * @param bytes of all tensors' data
     * @param threads that ggml computes on
     */
    SampleGraph(long bytes, int threads) {
        LibraryState.require();
        MemorySegment parameters = ggml_init_params.allocate(arena);
        ggml_init_params.mem_size(
                parameters, bytes + TENSORS * (llama_h.ggml_tensor_overhead() + 64) + llama_h.ggml_graph_overhead());
        ggml_init_params.mem_buffer(parameters, MemorySegment.NULL);
        ggml_init_params.no_alloc(parameters, false);
        context = llama_h.ggml_init(parameters);
        if (context.equals(MemorySegment.NULL)) {
            throw new OutOfMemoryError("no native memory for " + bytes + " bytes of a sample");
        }
        MemorySegment device = llama_h.ggml_backend_dev_by_type(llama_h.GGML_BACKEND_DEVICE_TYPE_CPU());
        backend = llama_h.ggml_backend_dev_init(device, MemorySegment.NULL);
        BackendThreads.find().ifPresent(function -> function.set(backend, threads));
    }

    /** The {@code ggml_context} that tensors are made in. */
    MemorySegment context() {
        return context;
    }

    /** Computes this node from now on. */
    void of(MemorySegment node) {
        graph = llama_h.ggml_new_graph(context);
        llama_h.ggml_build_forward_expand(graph, node);
    }

    /** Lets ggml compute it. */
    void compute() {
        int status = llama_h.ggml_backend_graph_compute(backend, graph);
        NativeAbort.check();
        if (status != llama_h.GGML_STATUS_SUCCESS()) {
            throw new LlamaException("ggml could not compute a sample: status " + status);
        }
    }

    /** Of variance 1. */
    static float value(Random random) {
        return (random.nextFloat() - 0.5f) * (float) Math.sqrt(12);
    }

    static void fill(MemorySegment tensor, Random random) {
        MemorySegment target = bytes(tensor);
        for (long i = 0; i < target.byteSize() / Float.BYTES; i++) {
            target.setAtIndex(ValueLayout.JAVA_FLOAT, i, value(random));
        }
    }

    /** A tensor's data. */
    static MemorySegment bytes(MemorySegment tensor) {
        return ggml_tensor.data(tensor.reinterpret(ggml_tensor.sizeof())).reinterpret(llama_h.ggml_nbytes(tensor));
    }

    @Override
    public void close() {
        if (!NativeAbort.hasAborted()) {
            llama_h.ggml_backend_free(backend);
            llama_h.ggml_free(context);
        }
        arena.close();
    }
}
