package org.kvant.llama.eval;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.ffi.ggml_tensor;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.library.LlamaException;

/**
 * A tensor of a graph that is being computed, valid during a call of {@link EvalCallback}; afterwards every method throws
 * {@code IllegalStateException}. Data is copied out, from whatever device it is on.
 */
public final class EvalTensor {
    private static final int DIMENSIONS = 4;

    private final Arena arena;
    private final MemorySegment tensor;
    private final boolean readable;

    EvalTensor(Arena arena, MemorySegment address, boolean readable) {
        this.arena = arena;
        this.tensor = ggml_tensor.reinterpret(address, arena, null);
        this.readable = readable;
    }

    MemorySegment segment() {
        return tensor;
    }

    /** Its name; that of a weight is the one in the file. */
    public String name() {
        return ggml_tensor.name(tensor).getString(0);
    }

    /** Its type. */
    public GgmlType type() {
        int id = ggml_tensor.type(tensor);
        return GgmlType.ofId(id).orElseThrow(() -> new LlamaException("tensor " + name() + " has the type " + id));
    }

    /** Length of dimension 0 (the row) to 3. */
    public long dimension(int index) {
        return ggml_tensor.ne(tensor, index);
    }

    /** Number of elements. */
    public long elements() {
        long all = 1;
        for (int i = 0; i < DIMENSIONS; i++) {
            all *= dimension(i);
        }
        return all;
    }

    /** Same for the same tensor of one graph: tells which nodes share an input. Says nothing across graphs. */
    public long identity() {
        if (!arena.scope().isAlive()) {
            throw new IllegalStateException("the tensor was valid during the call only");
        }
        return tensor.address();
    }

    /**
     * Copies all elements, rows one after the other whatever the strides are.
     *
     * @param target at least {@link #elements} long
     * @throws IllegalStateException if the node has not been computed yet
     * @throws IllegalArgumentException if the tensor is not F32 or the target too short
     */
    public void floats(float[] target) {
        requireReadable(GgmlType.F32, target.length);
        copyRows(data(), MemorySegment.ofArray(target));
    }

    /** {@link #floats} for a tensor of I32. */
    public void ints(int[] target) {
        requireReadable(GgmlType.I32, target.length);
        copyRows(data(), MemorySegment.ofArray(target));
    }

    private void requireReadable(GgmlType wanted, int room) {
        if (!readable) {
            throw new IllegalStateException("tensor " + name() + " has no data yet");
        }
        if (type() != wanted) {
            throw new IllegalArgumentException(
                    "tensor " + name() + " is " + type().label() + ", not " + wanted.label());
        }
        if (room < elements()) {
            throw new IllegalArgumentException(
                    "tensor " + name() + " has " + elements() + " elements, the array " + room);
        }
        if (ggml_tensor.nb(tensor, 0) != wanted.typeSize()) {
            throw new IllegalArgumentException("the elements of tensor " + name() + " do not follow each other");
        }
    }

    /** The bytes from the first element to the last, in host memory. */
    private MemorySegment data() {
        MemorySegment owner = ggml_tensor.view_src(tensor);
        MemorySegment buffer = owner.equals(MemorySegment.NULL)
                ? ggml_tensor.buffer(tensor)
                : ggml_tensor.buffer(ggml_tensor.reinterpret(owner, arena, null));
        MemorySegment bytes = ggml_tensor.data(tensor);
        if (buffer.equals(MemorySegment.NULL) || bytes.equals(MemorySegment.NULL)) {
            throw new LlamaException("tensor " + name() + " is in no buffer");
        }
        long size = llama_h.ggml_nbytes(tensor);
        if (llama_h.ggml_backend_buffer_is_host(buffer)) {
            return bytes.reinterpret(size, arena, null);
        }
        MemorySegment copy = arena.allocate(size, Long.BYTES);
        llama_h.ggml_backend_tensor_get(tensor, copy, 0, size);
        return copy;
    }

    private void copyRows(MemorySegment source, MemorySegment target) {
        long row = dimension(0) * ggml_tensor.nb(tensor, 0);
        long at = 0;
        for (long k = 0; k < dimension(3); k++) {
            for (long j = 0; j < dimension(2); j++) {
                for (long i = 0; i < dimension(1); i++) {
                    long from = i * ggml_tensor.nb(tensor, 1)
                            + j * ggml_tensor.nb(tensor, 2)
                            + k * ggml_tensor.nb(tensor, 3);
                    MemorySegment.copy(source, ValueLayout.JAVA_BYTE, from, target, ValueLayout.JAVA_BYTE, at, row);
                    at += row;
                }
            }
        }
    }
}
