package org.kvant.linalg.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.kvant.linalg.FloatKernel;

/**
 * Six rows by two vectors: 12 sums, for the 16 registers of AVX2.
 *
 * <p>Every sum is a local variable, because C2 keeps a vector in a register only then; and they begin with what C holds: with
 * zeros C2 boxes them, and is eight times slower.
 */
final class FloatKernel6 implements FloatKernel {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int WIDTH = LANES.length();
    private static final int ROWS = 6;
    private static final int COLUMNS = 2 * WIDTH;

    @Override
    public int rows() {
        return ROWS;
    }

    @Override
    public int columns() {
        return COLUMNS;
    }

    @Override
    public void multiply(
            int depth, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride) {
        FloatVector s00 = FloatVector.fromArray(LANES, c, cOffset);
        FloatVector s01 = FloatVector.fromArray(LANES, c, cOffset + WIDTH);
        FloatVector s10 = FloatVector.fromArray(LANES, c, cOffset + cStride);
        FloatVector s11 = FloatVector.fromArray(LANES, c, cOffset + cStride + WIDTH);
        FloatVector s20 = FloatVector.fromArray(LANES, c, cOffset + 2 * cStride);
        FloatVector s21 = FloatVector.fromArray(LANES, c, cOffset + 2 * cStride + WIDTH);
        FloatVector s30 = FloatVector.fromArray(LANES, c, cOffset + 3 * cStride);
        FloatVector s31 = FloatVector.fromArray(LANES, c, cOffset + 3 * cStride + WIDTH);
        FloatVector s40 = FloatVector.fromArray(LANES, c, cOffset + 4 * cStride);
        FloatVector s41 = FloatVector.fromArray(LANES, c, cOffset + 4 * cStride + WIDTH);
        FloatVector s50 = FloatVector.fromArray(LANES, c, cOffset + 5 * cStride);
        FloatVector s51 = FloatVector.fromArray(LANES, c, cOffset + 5 * cStride + WIDTH);
        for (int k = 0; k < depth; k++) {
            int ai = aOffset + k * ROWS;
            int bi = bOffset + k * COLUMNS;
            FloatVector b0 = FloatVector.fromArray(LANES, b, bi);
            FloatVector b1 = FloatVector.fromArray(LANES, b, bi + WIDTH);
            FloatVector a0 = FloatVector.broadcast(LANES, a[ai]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            FloatVector a1 = FloatVector.broadcast(LANES, a[ai + 1]);
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            FloatVector a2 = FloatVector.broadcast(LANES, a[ai + 2]);
            s20 = a2.fma(b0, s20);
            s21 = a2.fma(b1, s21);
            FloatVector a3 = FloatVector.broadcast(LANES, a[ai + 3]);
            s30 = a3.fma(b0, s30);
            s31 = a3.fma(b1, s31);
            FloatVector a4 = FloatVector.broadcast(LANES, a[ai + 4]);
            s40 = a4.fma(b0, s40);
            s41 = a4.fma(b1, s41);
            FloatVector a5 = FloatVector.broadcast(LANES, a[ai + 5]);
            s50 = a5.fma(b0, s50);
            s51 = a5.fma(b1, s51);
        }
        s00.intoArray(c, cOffset);
        s01.intoArray(c, cOffset + WIDTH);
        s10.intoArray(c, cOffset + cStride);
        s11.intoArray(c, cOffset + cStride + WIDTH);
        s20.intoArray(c, cOffset + 2 * cStride);
        s21.intoArray(c, cOffset + 2 * cStride + WIDTH);
        s30.intoArray(c, cOffset + 3 * cStride);
        s31.intoArray(c, cOffset + 3 * cStride + WIDTH);
        s40.intoArray(c, cOffset + 4 * cStride);
        s41.intoArray(c, cOffset + 4 * cStride + WIDTH);
        s50.intoArray(c, cOffset + 5 * cStride);
        s51.intoArray(c, cOffset + 5 * cStride + WIDTH);
    }
}
