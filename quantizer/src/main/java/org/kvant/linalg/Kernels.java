package org.kvant.linalg;

import org.kvant.linalg.vector.VectorKernels;

/** Chooses implementations: on the Vector API where the module {@code jdk.incubator.vector} is resolved. */
public final class Kernels {
    private static final boolean VECTOR =
            ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();

    private Kernels() {}

    /** The tile product of floats, for callers that keep an operand packed; others use {@link Matrices}. */
    public static FloatKernel floats() {
        return VECTOR ? VectorKernels.floats() : new ScalarFloatKernel();
    }

    static DoubleKernel doubles() {
        return VECTOR ? VectorKernels.doubles() : new ScalarDoubleKernel();
    }

    static FloatMath math() {
        return VECTOR ? VectorKernels.math() : new ScalarFloatMath();
    }
}
