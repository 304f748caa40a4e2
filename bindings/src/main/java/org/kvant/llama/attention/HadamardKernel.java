package org.kvant.llama.attention;

/**
 * Computes the orthonormal Walsh-Hadamard transform of rows (ggml's {@code ggml_compute_forward_fwht}), to the last bit as ggml does. Called by all of a graph's
 * threads at once; has no state.
 */
public interface HadamardKernel {
    /**
     * Computes this thread's part; the results are complete when all threads have returned.
     *
     * @param task whose rows stay where they are until all threads have returned
     * @param thread 0 to {@code threads} - 1
     */
    void compute(HadamardTask task, int thread, int threads);
}
