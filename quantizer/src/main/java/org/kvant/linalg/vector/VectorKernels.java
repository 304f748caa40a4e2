package org.kvant.linalg.vector;

import jdk.incubator.vector.FloatVector;
import org.kvant.linalg.DoubleKernel;
import org.kvant.linalg.FloatKernel;
import org.kvant.linalg.FloatMath;

/** The implementations on the Vector API; to be loaded only where the module {@code jdk.incubator.vector} is resolved. */
public final class VectorKernels {
    private static final int AVX512_BITS = 512;

    private VectorKernels() {}

    /** The product of floats that suits this processor. */
    public static FloatKernel floats() {
        return manyRegisters() ? new FloatKernel8() : new FloatKernel6();
    }

    /** The product of doubles that suits this processor. */
    public static DoubleKernel doubles() {
        return manyRegisters() ? new DoubleKernel8() : new DoubleKernel6();
    }

    /** Elementwise functions. */
    public static FloatMath math() {
        return new VectorFloatMath();
    }

    /** Whether there are 32 vector registers. */
    private static boolean manyRegisters() {
        return FloatVector.SPECIES_PREFERRED.vectorBitSize() >= AVX512_BITS
                || System.getProperty("os.arch", "").equals("aarch64");
    }
}
