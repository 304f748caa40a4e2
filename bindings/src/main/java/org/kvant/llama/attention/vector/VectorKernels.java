package org.kvant.llama.attention.vector;

import org.kvant.llama.attention.AttentionKernel;
import org.kvant.llama.attention.HadamardKernel;
import org.kvant.llama.attention.KernelProvider;

/** The kernels of this package, as a service. */
public final class VectorKernels implements KernelProvider {
    @Override
    public AttentionKernel attention(int threads) {
        return new VectorAttention(threads);
    }

    @Override
    public HadamardKernel hadamard() {
        return new VectorHadamard();
    }
}
