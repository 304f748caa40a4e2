package org.kvant.llama.attention;

/**
 * Computes attention: each query's softmax over its scaled products with the keys, times the values (ggml's {@code
 * ggml_compute_forward_flash_attn_ext}). Called by all of a graph's threads at once, for one operation at a time.
 */
public interface AttentionKernel {
    /**
     * Computes this thread's part; the results are complete when all threads have returned.
     *
     * @param task whose tensors stay where they are until all threads have returned
     * @param thread 0 to {@code threads} - 1
     */
    void compute(AttentionTask task, int thread, int threads);
}
