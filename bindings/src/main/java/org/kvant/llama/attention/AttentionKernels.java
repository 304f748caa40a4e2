package org.kvant.llama.attention;

import java.util.ServiceLoader;

/** Where kernels come from: they need the module {@code jdk.incubator.vector}, which may be absent at run time. */
public final class AttentionKernels {
    private static final boolean VECTOR =
            ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();

    private AttentionKernels() {}

    /** Whether there is a kernel for such operations. */
    public static boolean computes(AttentionShape shape) {
        return VECTOR
                && AttentionTensors.supports(shape.keyType(), shape.keyWidth())
                && AttentionTensors.supports(shape.valueType(), shape.valueWidth());
    }

    /**
     * A kernel, for one operation at a time.
     *
     * @param threads the most that will ever compute on it
     * @throws IllegalStateException if {@link #computes} nothing
     */
    public static AttentionKernel create(int threads) {
        return provider().attention(threads);
    }

    /**
     * Computes the rotation of what goes into a quantized cache and comes out of it.
     *
     * @throws IllegalStateException if {@link #computes} nothing
     */
    public static HadamardKernel hadamard() {
        return provider().hadamard();
    }

    private static KernelProvider provider() {
        if (!VECTOR) {
            throw new IllegalStateException("attention in Java needs --add-modules=jdk.incubator.vector");
        }
        return ServiceLoader.load(KernelProvider.class, AttentionKernels.class.getClassLoader())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "no provider of kernels on the class path: META-INF/services of the bindings is missing"));
    }
}
