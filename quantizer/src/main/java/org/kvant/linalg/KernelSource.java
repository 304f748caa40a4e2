package org.kvant.linalg;

/** Faster implementations, found by {@link java.util.ServiceLoader}: they may need a module that is absent at run time. */
public interface KernelSource {
    /** The product of floats that suits this processor. */
    FloatKernel floats();

    /** The product of doubles that suits this processor. */
    DoubleKernel doubles();

    /** Elementwise functions. */
    FloatMath math();
}
