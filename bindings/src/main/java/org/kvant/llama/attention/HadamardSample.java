package org.kvant.llama.attention;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.ffi.llama_h;

/**
 * One rotation of random rows, as llama.cpp has it beside attention over a quantized cache, which ggml and our kernel can compute: to compare their results and
 * their times. Confined to the thread that made it.
 */
final class HadamardSample implements AutoCloseable {
    private final SampleGraph graph;
    private final MemorySegment node;
    private final HadamardTask task;

    /**
     * @param width floats of a row, a power of two
     * @param threads that ggml computes on
     */
    HadamardSample(int width, int rows, int threads, Random random) {
        graph = new SampleGraph((2L * rows + width) * width * Float.BYTES, threads);
        MemorySegment matrix = matrix(width, width);
        MemorySegment source = matrix(width, rows);
        // ggml knows what is in it.
        SampleGraph.bytes(matrix).fill((byte) 0);
        SampleGraph.fill(source, random);
        node = llama_h.ggml_mul_mat(graph.context(), matrix, source);
        llama_h.ggml_mul_mat_set_hint(node, llama_h.GGML_HINT_SRC0_IS_HADAMARD());
        graph.of(node);
        task = HadamardTask.read(node.address(), CustomOperation.parameters(node.address()))
                .orElseThrow(() -> new IllegalArgumentException("no kernel transforms rows of " + width));
    }

    private MemorySegment matrix(int width, int rows) {
        return llama_h.ggml_new_tensor_4d(graph.context(), GgmlType.F32.id(), width, rows, 1, 1);
    }

    /** What our kernel is to compute. */
    HadamardTask task() {
        return task;
    }

    /** Lets ggml compute it. */
    void computeByGgml() {
        graph.compute();
    }

    /** The result as it is now, row by row. */
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
