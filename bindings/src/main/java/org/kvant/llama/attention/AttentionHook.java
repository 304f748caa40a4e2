package org.kvant.llama.attention;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.DecodeException;
import org.kvant.llama.ffi.ggml_backend_sched_eval_callback;
import org.kvant.llama.ffi.ggml_custom_op_t;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.library.CellListener;
import org.kvant.llama.library.GraphHook;
import org.kvant.llama.library.LlamaException;

/**
 * Lets kernels compute a context's attention, and the rotations beside it. ggml's scheduler asks its eval callback about each node before it computes the graph; what
 * a kernel can compute becomes a {@link CustomOperation} there. It stays one for as long as llama.cpp uses the graph again.
 *
 * <p>The callback runs on the context's thread, the operations on the graph's. No exception leaves either, because it would end the JVM.
 */
final class AttentionHook implements GraphHook {
    private static final int ATTENTION = llama_h.GGML_OP_FLASH_ATTN_EXT();
    private static final int SET_ROWS = llama_h.GGML_OP_SET_ROWS();
    private static final int MUL_MAT = llama_h.GGML_OP_MUL_MAT();
    /** Of {@code ggml_flash_attn_ext}: scale, largest bias, soft cap, precision. */
    private static final int ATTENTION_BYTES = 4 * Integer.BYTES;
    /** Of {@code ggml_mul_mat}: precision, hint. */
    private static final int MUL_MAT_BYTES = 2 * Integer.BYTES;
    /** Fewer rows take ggml no longer than the way to Java. */
    private static final int ROTATED_ROWS = 32;
    /** What {@code llama_decode} returns where computing failed. */
    private static final int FAILED = -3;

    private final Arena arena = Arena.ofShared();
    private final CacheTensors tensors;
    private final CacheAttention attention;
    private final AttentionKernel kernel;
    private final HadamardKernel hadamard;
    private final MemorySegment callback;
    private final CustomOperation attending;
    private final CustomOperation rotating;
    /** By node, for as long as its graph is used again. */
    private final Map<Long, AttentionTask> tasks = new ConcurrentHashMap<>();

    private volatile @Nullable Throwable failure;

    /** @param sequences of the context */
    AttentionHook(CacheAttention attention, int sequences) {
        this.attention = attention;
        tensors = new CacheTensors(sequences);
        kernel = attention.kernel(ContextOptions.MAX_THREADS);
        hadamard = attention.hadamard();
        callback = ggml_backend_sched_eval_callback.allocate(this::ask, arena);
        attending = new CustomOperation(ATTENTION, ATTENTION_BYTES, ggml_custom_op_t.allocate(this::attend, arena));
        rotating = new CustomOperation(MUL_MAT, MUL_MAT_BYTES, ggml_custom_op_t.allocate(this::rotate, arena));
    }

    @Override
    public Optional<CellListener> cells() {
        return Optional.of(tensors);
    }

    @Override
    public MemorySegment callback() {
        return callback;
    }

    private boolean ask(MemorySegment tensor, boolean ask, MemorySegment unused) {
        try {
            long node = tensor.address();
            int op = CustomOperation.op(node);
            if (op == SET_ROWS) {
                tensors.written(node);
            } else if (op == MUL_MAT) {
                if (attention.rotates() && rotatable(node)) {
                    rotating.take(node);
                }
            } else if (op == ATTENTION) {
                SharedCells shared = tensors.read(node);
                if (attention.isOn()) {
                    take(node, shared);
                }
            } else if (op == CustomOperation.OP) {
                askAgain(node);
            }
        } catch (Throwable t) {
            failure = t;
        }
        return false;
    }

    private static boolean rotatable(long node) {
        return HadamardTask.read(node, CustomOperation.parameters(node))
                .filter(task -> task.rows() >= ROTATED_ROWS)
                .isPresent();
    }

    private void take(long node, SharedCells shared) {
        Optional<AttentionTask> task = AttentionTensors.read(node, CustomOperation.parameters(node));
        if (task.isPresent()) {
            tasks.put(node, task.get().with(shared));
            attending.take(node);
        }
    }

    private void askAgain(long node) {
        if (attending.has(node)) {
            SharedCells shared = tensors.read(node);
            if (attention.isOn()) {
                tasks.computeIfPresent(node, (_, task) -> task.with(shared));
            } else {
                attending.giveBack(node);
            }
        } else if (rotating.has(node) && !attention.rotates()) {
            rotating.giveBack(node);
        }
    }

    private void attend(MemorySegment tensor, int thread, int threads, MemorySegment unused) {
        try {
            AttentionTask task = tasks.get(tensor.address());
            if (task == null) {
                throw new LlamaException("an attention operation that nobody announced");
            }
            kernel.compute(task, thread, threads);
        } catch (Throwable t) {
            failure = t;
        }
    }

    private void rotate(MemorySegment tensor, int thread, int threads, MemorySegment unused) {
        try {
            hadamard.compute(HadamardTask.of(tensor.address()), thread, threads);
        } catch (Throwable t) {
            failure = t;
        }
    }

    @Override
    public void begin() {
        failure = null;
    }

    /** @throws DecodeException if something went wrong since {@link #begin}; what comes next is computed by ggml */
    @Override
    public void rethrow() {
        Throwable thrown = failure;
        if (thrown != null) {
            attention.fail(thrown);
            throw new DecodeException(FAILED, "attention failed: " + thrown);
        }
    }

    @Override
    public boolean incomplete() {
        return false;
    }

    @Override
    public void close() {
        arena.close();
    }
}
