package org.kvant.linalg.vector;

import jdk.incubator.vector.FloatVector;
import org.kvant.linalg.DoubleKernel;
import org.kvant.linalg.FloatKernel;
import org.kvant.linalg.FloatMath;
import org.kvant.linalg.KernelSource;

/** The implementations on the Vector API; to be loaded only where the module {@code jdk.incubator.vector} is resolved. */
public final class VectorKernels implements KernelSource {
    private static final int AVX512_BITS = 512;

    @Override
    public FloatKernel floats() {
        return manyRegisters() ? new FloatKernel8() : new FloatKernel6();
    }

    @Override
    public DoubleKernel doubles() {
        return manyRegisters() ? new DoubleKernel8() : new DoubleKernel6();
    }

    @Override
    public FloatMath math() {
        return new VectorFloatMath();
    }

    /** Whether there are 32 vector registers. */
    private static boolean manyRegisters() {
        return FloatVector.SPECIES_PREFERRED.vectorBitSize() >= AVX512_BITS
                || System.getProperty("os.arch", "").equals("aarch64");
    }
}
