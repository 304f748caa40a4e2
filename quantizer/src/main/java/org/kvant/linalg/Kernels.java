package org.kvant.linalg;

import java.util.ServiceLoader;

/** Chooses implementations: on the Vector API where the module {@code jdk.incubator.vector} is resolved. */
public final class Kernels {
    private static final KernelSource CHOSEN = choose();

    private Kernels() {}

    /** The tile product of floats, for callers that keep an operand packed; others use {@link Matrices}. */
    public static FloatKernel floats() {
        return CHOSEN.floats();
    }

    static DoubleKernel doubles() {
        return CHOSEN.doubles();
    }

    static FloatMath math() {
        return CHOSEN.math();
    }

    private static KernelSource choose() {
        boolean vector = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        return vector
                ? ServiceLoader.load(KernelSource.class, Kernels.class.getClassLoader())
                        .findFirst()
                        .orElseThrow(() ->
                                new IllegalStateException("the kernels on the Vector API are not on the class path"))
                : new ScalarKernels();
    }

    /** In plain Java. */
    private static final class ScalarKernels implements KernelSource {
        @Override
        public FloatKernel floats() {
            return new ScalarFloatKernel();
        }

        @Override
        public DoubleKernel doubles() {
            return new ScalarDoubleKernel();
        }

        @Override
        public FloatMath math() {
            return new ScalarFloatMath();
        }
    }
}
