package org.kvant.llama.attention;

/** Makes kernels. Found as a service, so that the seam does not depend on what is behind it. */
public interface KernelProvider {
    /** @param threads the most that will ever compute on it */
    AttentionKernel attention(int threads);

    HadamardKernel hadamard();
}
