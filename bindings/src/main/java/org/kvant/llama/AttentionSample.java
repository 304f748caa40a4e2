package org.kvant.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.attention.AttentionShape;
import org.kvant.llama.attention.AttentionTask;
import org.kvant.llama.attention.AttentionTensors;
import org.kvant.llama.attention.SharedCells;
import org.kvant.llama.ffi.ggml_init_params;
import org.kvant.llama.ffi.ggml_tensor;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.loader.BackendThreads;

/**
 * One attention operation over random data, as llama.cpp lays it out, which ggml and our kernels can compute: to compare their results and their times.
 * Confined to the thread that made it.
 */
final class AttentionSample implements AutoCloseable {
    /** Room for tensors, views and a graph's few nodes besides their data. */
    private static final int TENSORS = 16;

    private static final short MASKED = (short) 0xFC00;

    private final Arena arena = Arena.ofConfined();
    private final AttentionShape shape;
    private final MemorySegment ggml;
    private final MemorySegment backend;
    private final MemorySegment graph;
    private final MemorySegment key;
    private final MemorySegment value;
    private final MemorySegment mask;
    private final MemorySegment node;
    private final AttentionTask task;

    /**
     * Masks nothing at first.
     *
     * @param threads that ggml computes on
     */
    AttentionSample(AttentionShape shape, int threads, Random random) {
        Backend.require();
        this.shape = shape;
        long keyRow = shape.keyType().bytes((long) shape.keyWidth() * shape.keyHeads());
        long valueRow = shape.valueType().bytes((long) shape.valueWidth() * shape.keyHeads());
        long cells = (long) shape.streams() * shape.cells();
        long rows = (long) shape.streams() * shape.tokens() * shape.heads();
        long data = cells * (keyRow + valueRow)
                + rows * (shape.keyWidth() + shape.valueWidth()) * Float.BYTES
                + cells * shape.tokens() * Short.BYTES;
        MemorySegment parameters = ggml_init_params.allocate(arena);
        ggml_init_params.mem_size(
                parameters, data + TENSORS * (llama_h.ggml_tensor_overhead() + 64) + llama_h.ggml_graph_overhead());
        ggml_init_params.mem_buffer(parameters, MemorySegment.NULL);
        ggml_init_params.no_alloc(parameters, false);
        ggml = llama_h.ggml_init(parameters);
        if (ggml.equals(MemorySegment.NULL)) {
            throw new OutOfMemoryError("no native memory for " + data + " bytes of attention");
        }
        MemorySegment query = llama_h.ggml_new_tensor_4d(
                ggml, GgmlType.F32.id(), shape.keyWidth(), shape.tokens(), shape.heads(), shape.streams());
        key = cache(shape.keyType(), shape.keyWidth(), random);
        value = cache(shape.valueType(), shape.valueWidth(), random);
        mask = llama_h.ggml_new_tensor_4d(ggml, GgmlType.F16.id(), shape.cells(), shape.tokens(), 1, shape.streams());
        fill(query, random);
        bytes(mask).fill((byte) 0);
        node = llama_h.ggml_flash_attn_ext(
                ggml, query, key, value, mask, (float) (1 / Math.sqrt(shape.keyWidth())), 0, 0);
        graph = llama_h.ggml_new_graph(ggml);
        llama_h.ggml_build_forward_expand(graph, node);
        MemorySegment device = llama_h.ggml_backend_dev_by_type(llama_h.GGML_BACKEND_DEVICE_TYPE_CPU());
        backend = llama_h.ggml_backend_dev_init(device, MemorySegment.NULL);
        BackendThreads.find().ifPresent(function -> function.set(backend, threads));
        task = AttentionTensors.read(node.address(), node.address() + ggml_tensor.op_params$offset())
                .orElseThrow(() -> new IllegalArgumentException("no kernel computes " + shape));
    }

    /** All heads of a cell one behind the other, as {@code llama_kv_cache} has them, seen by head. */
    private MemorySegment cache(GgmlType type, int width, Random random) {
        int row = width * shape.keyHeads();
        int rows = shape.streams() * shape.cells();
        MemorySegment all = llama_h.ggml_new_tensor_4d(ggml, type.id(), row, shape.cells(), shape.streams(), 1);
        float[] values = new float[row];
        MemorySegment target = bytes(all);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < row; j++) {
                values[j] = value(random);
            }
            byte[] packed = GgmlQuant.quantizeChunk(type, values, 1, row, null);
            MemorySegment.copy(packed, 0, target, ValueLayout.JAVA_BYTE, (long) i * packed.length, packed.length);
        }
        long rowBytes = type.bytes(row);
        return llama_h.ggml_view_4d(
                ggml,
                all,
                width,
                shape.cells(),
                shape.keyHeads(),
                shape.streams(),
                rowBytes,
                type.bytes(width),
                rowBytes * shape.cells(),
                0);
    }

    /** Of variance 1. */
    private static float value(Random random) {
        return (random.nextFloat() - 0.5f) * (float) Math.sqrt(12);
    }

    private static void fill(MemorySegment tensor, Random random) {
        MemorySegment target = bytes(tensor);
        for (long i = 0; i < target.byteSize() / Float.BYTES; i++) {
            target.setAtIndex(ValueLayout.JAVA_FLOAT, i, value(random));
        }
    }

    private static MemorySegment bytes(MemorySegment tensor) {
        return ggml_tensor.data(tensor.reinterpret(ggml_tensor.sizeof())).reinterpret(llama_h.ggml_nbytes(tensor));
    }

    /** What our kernels are to compute. */
    AttentionTask task() {
        return task;
    }

    /** Gives the streams of each group the same first cells; returns the task that knows it. */
    AttentionTask share(SharedCells shared) {
        for (int group = 0; group < shared.groups(); group++) {
            int from = shared.order()[shared.begin(group)];
            for (int i = shared.begin(group) + 1; i < shared.ends()[group]; i++) {
                copy(key, from, shared.order()[i], shared.cells()[group]);
                copy(value, from, shared.order()[i], shared.cells()[group]);
            }
        }
        return task.with(shared);
    }

    private void copy(MemorySegment cache, int from, int to, int cells) {
        MemorySegment all = bytes(cache);
        long stream = all.byteSize() / shape.streams();
        MemorySegment.copy(all, from * stream, all, to * stream, stream / shape.cells() * cells);
    }

    /** Masks a cell for a token of a stream. */
    void mask(int stream, int token, int cell) {
        long index = ((long) stream * shape.tokens() + token) * shape.cells() + cell;
        bytes(mask).setAtIndex(ValueLayout.JAVA_SHORT, index, MASKED);
    }

    /** Lets ggml compute it. */
    void computeByGgml() {
        int status = llama_h.ggml_backend_graph_compute(backend, graph);
        NativeAbort.check();
        if (status != llama_h.GGML_STATUS_SUCCESS()) {
            throw new LlamaException("ggml could not compute attention: status " + status);
        }
    }

    /** The result as it is now: rows by head, token, stream. */
    float[] result() {
        return bytes(node).toArray(ValueLayout.JAVA_FLOAT);
    }

    /** Forgets the result. */
    void clearResult() {
        bytes(node).fill((byte) 0xFF);
    }

    @Override
    public void close() {
        if (!NativeAbort.hasAborted()) {
            llama_h.ggml_backend_free(backend);
            llama_h.ggml_free(ggml);
        }
        arena.close();
    }
}
