package org.kvant.llama.attention;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.quant.GgmlQuant;

/**
 * One attention operation over random data, as llama.cpp lays it out, which ggml and our kernels can compute: to compare their results and their times.
 * Confined to the thread that made it.
 */
final class AttentionSample implements AutoCloseable {
    private static final short MASKED = (short) 0xFC00;

    private final AttentionShape shape;
    private final SampleGraph graph;
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
        this.shape = shape;
        long keyRow = shape.keyType().bytes((long) shape.keyWidth() * shape.keyHeads());
        long valueRow = shape.valueType().bytes((long) shape.valueWidth() * shape.keyHeads());
        long cells = (long) shape.streams() * shape.cells();
        long rows = (long) shape.streams() * shape.tokens() * shape.heads();
        long data = cells * (keyRow + valueRow)
                + rows * (shape.keyWidth() + shape.valueWidth()) * Float.BYTES
                + cells * shape.tokens() * Short.BYTES;
        graph = new SampleGraph(data, threads);
        MemorySegment query = llama_h.ggml_new_tensor_4d(
                graph.context(), GgmlType.F32.id(), shape.keyWidth(), shape.tokens(), shape.heads(), shape.streams());
        key = cache(shape.keyType(), shape.keyWidth(), random);
        value = cache(shape.valueType(), shape.valueWidth(), random);
        mask = llama_h.ggml_new_tensor_4d(
                graph.context(), GgmlType.F16.id(), shape.cells(), shape.tokens(), 1, shape.streams());
        SampleGraph.fill(query, random);
        SampleGraph.bytes(mask).fill((byte) 0);
        node = llama_h.ggml_flash_attn_ext(
                graph.context(), query, key, value, mask, (float) (1 / Math.sqrt(shape.keyWidth())), 0, 0);
        graph.of(node);
        task = AttentionTensors.read(node.address(), CustomOperation.parameters(node.address()))
                .orElseThrow(() -> new IllegalArgumentException("no kernel computes " + shape));
    }

    /** All heads of a cell one behind the other, as {@code llama_kv_cache} has them, seen by head. */
    private MemorySegment cache(GgmlType type, int width, Random random) {
        int row = width * shape.keyHeads();
        int rows = shape.streams() * shape.cells();
        MemorySegment all =
                llama_h.ggml_new_tensor_4d(graph.context(), type.id(), row, shape.cells(), shape.streams(), 1);
        float[] values = new float[row];
        MemorySegment target = SampleGraph.bytes(all);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < row; j++) {
                values[j] = SampleGraph.value(random);
            }
            byte[] packed = GgmlQuant.quantizeChunk(type, values, 1, row, null);
            MemorySegment.copy(packed, 0, target, ValueLayout.JAVA_BYTE, (long) i * packed.length, packed.length);
        }
        long rowBytes = type.bytes(row);
        return llama_h.ggml_view_4d(
                graph.context(),
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
        MemorySegment all = SampleGraph.bytes(cache);
        long stream = all.byteSize() / shape.streams();
        MemorySegment.copy(all, from * stream, all, to * stream, stream / shape.cells() * cells);
    }

    /** Masks a cell for a token of a stream. */
    void mask(int stream, int token, int cell) {
        long index = ((long) stream * shape.tokens() + token) * shape.cells() + cell;
        SampleGraph.bytes(mask).setAtIndex(ValueLayout.JAVA_SHORT, index, MASKED);
    }

    /** Lets ggml compute it. */
    void computeByGgml() {
        graph.compute();
    }

    /** The result as it is now: rows by head, token, stream. */
    float[] result() {
        return SampleGraph.bytes(node).toArray(ValueLayout.JAVA_FLOAT);
    }

    /** Forgets the result. */
    void clearResult() {
        SampleGraph.bytes(node).fill((byte) 0xFF);
    }

    @Override
    public void close() {
        graph.close();
    }
}
