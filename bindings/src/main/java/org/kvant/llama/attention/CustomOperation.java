package org.kvant.llama.attention;

import java.lang.foreign.MemorySegment;
import org.kvant.llama.ffi.ggml_tensor;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.library.NativeMemory;

/**
 * Makes custom operations ({@code GGML_OP_CUSTOM}) of a graph's nodes of one kind, which all of the graph's threads call, and makes them what they were. A node's own
 * parameters go behind those of the custom operation ({@code ggml_custom_op_params}: function, tasks, user data). Nodes are addresses of {@code ggml_tensor} structs.
 */
final class CustomOperation {
    static final int OP = llama_h.GGML_OP_CUSTOM();

    private static final long OP_FIELD = ggml_tensor.op$offset();
    private static final long PARAMETERS = ggml_tensor.op_params$offset();
    private static final long TASKS = PARAMETERS + Long.BYTES;
    private static final long USER_DATA = TASKS + Long.BYTES;
    private static final long OWN_PARAMETERS = USER_DATA + Long.BYTES;
    /** {@code GGML_N_TASKS_MAX}: all threads of the graph. */
    private static final int ALL_THREADS = -1;

    private final int op;
    private final int ownBytes;
    private final long function;

    /**
     * @param op what the nodes are otherwise ({@code ggml_op})
     * @param ownBytes of the parameters of such an operation, a few numbers
     * @param function a {@code ggml_custom_op_t} that stays valid for as long as any graph with such nodes
     */
    CustomOperation(int op, int ownBytes, MemorySegment function) {
        this.op = op;
        this.ownBytes = ownBytes;
        this.function = function.address();
    }

    static int op(long node) {
        return NativeMemory.getInt(node + OP_FIELD);
    }

    /** Where the parameters are of a node that is not a custom operation. */
    static long parameters(long node) {
        return node + PARAMETERS;
    }

    /** Whether a custom operation is one of these. */
    boolean has(long node) {
        return NativeMemory.getLong(node + PARAMETERS) == function;
    }

    void take(long node) {
        NativeMemory.copy(node + PARAMETERS, node + OWN_PARAMETERS, ownBytes);
        NativeMemory.putLong(node + PARAMETERS, function);
        NativeMemory.putInt(node + TASKS, ALL_THREADS);
        NativeMemory.putLong(node + USER_DATA, 0);
        NativeMemory.putInt(node + OP_FIELD, OP);
    }

    void giveBack(long node) {
        NativeMemory.copy(node + OWN_PARAMETERS, node + PARAMETERS, ownBytes);
        NativeMemory.putInt(node + OP_FIELD, op);
    }
}
