package org.kvant.llama.attention.vector;

import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.kvant.llama.library.NativeMemory;

/** What the kernels of this package compute in: vectors of floats, as wide as the processor has them, up to 512 bits. */
final class Lanes {
    static final VectorSpecies<Float> FLOATS =
            FloatVector.SPECIES_PREFERRED.length() > 16 ? FloatVector.SPECIES_512 : FloatVector.SPECIES_PREFERRED;
    static final int WIDTH = FLOATS.length();

    private static final Class<? extends Vector<Float>> TYPE = FLOATS.vectorType();
    /** Sixteen bytes: half the values of a block, or all of them in four bits each. */
    static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_128;

    /** Of all memory that ggml computes in, on the systems that it has. */
    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    private static final float LOG2_E = 1.44269504f;
    /** Added to a float of moderate size, it leaves the nearest integer in the lowest bits. */
    private static final float ROUNDING = 12_582_912f;

    private static final float LN2_HIGH = 0.693145751953125f;
    private static final float LN2_LOW = 1.42860682e-6f;
    /** Below this the exponential is taken to be 0. */
    private static final float LOWEST = -87;

    private Lanes() {}

    /** The vector itself, known to be of that class: what comes out of a loop is not, and C2 then inlines its methods only if it has seen them often enough before. */
    static FloatVector exact(FloatVector vector) {
        return (FloatVector) TYPE.cast(vector);
    }

    static ByteVector bytes(long address) {
        return ByteVector.fromMemorySegment(BYTES, NativeMemory.ALL, address, ORDER);
    }

    /** {@code target[at...] = values * scale}, sixteen of them. */
    static void put(ByteVector values, float scale, float[] target, int at) {
        for (int part = 0; part * WIDTH < BYTES.length(); part++) {
            ((FloatVector) values.convertShape(VectorOperators.B2F, FLOATS, part))
                    .mul(scale)
                    .intoArray(target, at + part * WIDTH);
        }
    }

    /** {@code target[at...] = values * scale + offset}, sixteen of them. */
    static void put(ByteVector values, float scale, float offset, float[] target, int at) {
        FloatVector factor = FloatVector.broadcast(FLOATS, scale);
        for (int part = 0; part * WIDTH < BYTES.length(); part++) {
            ((FloatVector) values.convertShape(VectorOperators.B2F, FLOATS, part))
                    .fma(factor, FloatVector.broadcast(FLOATS, offset))
                    .intoArray(target, at + part * WIDTH);
        }
    }

    /** The exponential of numbers that are not positive, within two units in the last place; 0 below -87. */
    static FloatVector exp(FloatVector x) {
        FloatVector y = x.max(LOWEST);
        FloatVector rounding = FloatVector.broadcast(FLOATS, ROUNDING);
        FloatVector shifted = y.fma(FloatVector.broadcast(FLOATS, LOG2_E), rounding);
        FloatVector n = shifted.sub(rounding);
        FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -LN2_HIGH), y);
        r = n.fma(FloatVector.broadcast(FLOATS, -LN2_LOW), r);
        FloatVector one = FloatVector.broadcast(FLOATS, 1);
        FloatVector p = FloatVector.broadcast(FLOATS, 1 / 720f);
        p = p.fma(r, FloatVector.broadcast(FLOATS, 1 / 120f));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 1 / 24f));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 1 / 6f));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 0.5f));
        p = p.fma(r, one);
        p = p.fma(r, one);
        FloatVector power = shifted.reinterpretAsInts()
                .lanewise(VectorOperators.LSHL, 23)
                .add(p.reinterpretAsInts())
                .reinterpretAsFloats();
        return power.blend(0f, x.compare(VectorOperators.LT, LOWEST));
    }
}
