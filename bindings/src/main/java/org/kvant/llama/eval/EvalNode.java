package org.kvant.llama.eval;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import org.kvant.llama.ffi.ggml_tensor;
import org.kvant.llama.library.Check;

/** One operation of a graph that is being computed, valid during a call of {@link EvalCallback}. */
public final class EvalNode {
    private final Arena arena;
    private final EvalTensor result;
    private final MemorySegment sources;
    private final boolean computed;

    EvalNode(Arena arena, MemorySegment tensor, boolean computed) {
        this.arena = arena;
        this.computed = computed;
        this.result = new EvalTensor(arena, tensor, computed);
        this.sources = ggml_tensor.src(result.segment());
    }

    /** ggml's name of the operation, such as {@code MUL_MAT}. */
    public String op() {
        return OpNames.of(ggml_tensor.op(result.segment()));
    }

    /** The name that llama.cpp gave the result, such as {@code ffn_out-3}. */
    public String name() {
        return result.name();
    }

    /** What it computes. */
    public EvalTensor result() {
        return result;
    }

    /**
     * What it computes from; of a {@code MUL_MAT} 0 is the weight and 1 the activations, of a {@code MUL_MAT_ID} 2 is the experts' ids.
     *
     * @param index 0 to 9
     */
    public Optional<EvalTensor> source(int index) {
        Check.range("source", index, 0, (int) (sources.byteSize() / ValueLayout.ADDRESS.byteSize()) - 1);
        MemorySegment source = sources.getAtIndex(ValueLayout.ADDRESS, index);
        return source.equals(MemorySegment.NULL)
                ? Optional.empty()
                : Optional.of(new EvalTensor(arena, source, computed));
    }
}
