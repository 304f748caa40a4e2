package org.kvant.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.attention.AttentionKernel;
import org.kvant.llama.attention.AttentionTask;
import org.kvant.llama.attention.AttentionTensors;
import org.kvant.llama.attention.NativeMemory;
import org.kvant.llama.ffi.ggml_backend_sched_eval_callback;
import org.kvant.llama.ffi.ggml_custom_op_t;
import org.kvant.llama.ffi.ggml_tensor;
import org.kvant.llama.ffi.llama_h;

/**
 * Lets a kernel compute a context's attention. ggml's scheduler asks its eval callback about each node before it computes the graph; attention that the
 * kernel can compute becomes a custom operation ({@code GGML_OP_CUSTOM}) there, which all of the graph's threads call with the node. It stays one for as long as
 * llama.cpp uses the graph again. Its own parameters go behind those of the custom operation ({@code ggml_custom_op_params}: function, tasks, user data).
 *
 * <p>The callback runs on the context's thread, the operation on the graph's. No exception leaves either, because it would end the JVM.
 */
final class AttentionHook implements AutoCloseable {
    private static final long OP = ggml_tensor.op$offset();
    private static final long PARAMETERS = ggml_tensor.op_params$offset();
    private static final long TASKS = PARAMETERS + Long.BYTES;
    private static final long USER_DATA = TASKS + Long.BYTES;
    private static final long OWN_PARAMETERS = USER_DATA + Long.BYTES;
    /** Of {@code ggml_flash_attn_ext}: scale, largest bias, soft cap, precision. */
    private static final int OWN_BYTES = 4 * Integer.BYTES;

    private static final int ATTENTION = llama_h.GGML_OP_FLASH_ATTN_EXT();
    private static final int SET_ROWS = llama_h.GGML_OP_SET_ROWS();
    private static final int CUSTOM = llama_h.GGML_OP_CUSTOM();
    /** {@code GGML_N_TASKS_MAX}: all threads of the graph. */
    private static final int ALL_THREADS = -1;
    /** What {@code llama_decode} returns where computing failed. */
    private static final int FAILED = -3;

    private final Arena arena = Arena.ofShared();
    private final CacheTensors tensors;
    private final CacheAttention attention;
    private final AttentionKernel kernel;
    private final MemorySegment callback;
    private final long operation;
    private volatile @Nullable Throwable failure;

    /** @param sequences of the context */
    AttentionHook(CacheAttention attention, int sequences) {
        this.attention = attention;
        tensors = new CacheTensors(sequences);
        kernel = attention.kernel(ContextOptions.MAX_THREADS);
        callback = ggml_backend_sched_eval_callback.allocate(this::ask, arena);
        operation = ggml_custom_op_t.allocate(this::compute, arena).address();
    }

    /** Which cells of the cache hold what. */
    CacheTensors tensors() {
        return tensors;
    }

    /** For {@code cb_eval}. */
    MemorySegment callback() {
        return callback;
    }

    private boolean ask(MemorySegment tensor, boolean ask, MemorySegment unused) {
        try {
            long node = tensor.address();
            int op = NativeMemory.getInt(node + OP);
            if (op == SET_ROWS) {
                tensors.written(node);
            } else if (op == ATTENTION) {
                tensors.read(node);
                if (attention.isOn()
                        && AttentionTensors.read(node, node + PARAMETERS).isPresent()) {
                    take(node);
                }
            } else if (op == CUSTOM && NativeMemory.getLong(node + PARAMETERS) == operation) {
                tensors.read(node);
                if (!attention.isOn()) {
                    giveBack(node);
                }
            }
        } catch (Throwable t) {
            failure = t;
        }
        return false;
    }

    private void take(long node) {
        NativeMemory.copy(node + PARAMETERS, node + OWN_PARAMETERS, OWN_BYTES);
        NativeMemory.putLong(node + PARAMETERS, operation);
        NativeMemory.putInt(node + TASKS, ALL_THREADS);
        NativeMemory.putLong(node + USER_DATA, 0);
        NativeMemory.putInt(node + OP, CUSTOM);
    }

    private void giveBack(long node) {
        NativeMemory.copy(node + OWN_PARAMETERS, node + PARAMETERS, OWN_BYTES);
        NativeMemory.putInt(node + OP, ATTENTION);
    }

    private void compute(MemorySegment tensor, int thread, int threads, MemorySegment unused) {
        try {
            long node = tensor.address();
            AttentionTask task = AttentionTensors.read(node, node + OWN_PARAMETERS)
                    .orElseThrow(() -> new LlamaException("an attention operation changed while its graph was used"));
            kernel.compute(task.with(tensors.shared(node, task)), thread, threads);
        } catch (Throwable t) {
            failure = t;
        }
    }

    void begin() {
        failure = null;
    }

    /** @throws DecodeException if something went wrong since {@link #begin}; what comes next is computed by ggml */
    void check() {
        Throwable thrown = failure;
        if (thrown != null) {
            attention.fail(thrown);
            throw new DecodeException(FAILED, "attention failed: " + thrown);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
