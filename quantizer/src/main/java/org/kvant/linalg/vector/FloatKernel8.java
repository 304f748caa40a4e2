package org.kvant.linalg.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.kvant.linalg.FloatKernel;

/**
 * Eight rows by three vectors: 24 sums, for the 32 registers of AVX-512 and of 64-bit ARM.
 *
 * <p>Every sum is a local variable, because C2 keeps a vector in a register only then; and they begin with what C holds: with
 * zeros C2 boxes them, and is eight times slower.
 */
final class FloatKernel8 implements FloatKernel {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int WIDTH = LANES.length();
    private static final int ROWS = 8;
    private static final int COLUMNS = 3 * WIDTH;

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
        FloatVector s02 = FloatVector.fromArray(LANES, c, cOffset + 2 * WIDTH);
        FloatVector s10 = FloatVector.fromArray(LANES, c, cOffset + cStride);
        FloatVector s11 = FloatVector.fromArray(LANES, c, cOffset + cStride + WIDTH);
        FloatVector s12 = FloatVector.fromArray(LANES, c, cOffset + cStride + 2 * WIDTH);
        FloatVector s20 = FloatVector.fromArray(LANES, c, cOffset + 2 * cStride);
        FloatVector s21 = FloatVector.fromArray(LANES, c, cOffset + 2 * cStride + WIDTH);
        FloatVector s22 = FloatVector.fromArray(LANES, c, cOffset + 2 * cStride + 2 * WIDTH);
        FloatVector s30 = FloatVector.fromArray(LANES, c, cOffset + 3 * cStride);
        FloatVector s31 = FloatVector.fromArray(LANES, c, cOffset + 3 * cStride + WIDTH);
        FloatVector s32 = FloatVector.fromArray(LANES, c, cOffset + 3 * cStride + 2 * WIDTH);
        FloatVector s40 = FloatVector.fromArray(LANES, c, cOffset + 4 * cStride);
        FloatVector s41 = FloatVector.fromArray(LANES, c, cOffset + 4 * cStride + WIDTH);
        FloatVector s42 = FloatVector.fromArray(LANES, c, cOffset + 4 * cStride + 2 * WIDTH);
        FloatVector s50 = FloatVector.fromArray(LANES, c, cOffset + 5 * cStride);
        FloatVector s51 = FloatVector.fromArray(LANES, c, cOffset + 5 * cStride + WIDTH);
        FloatVector s52 = FloatVector.fromArray(LANES, c, cOffset + 5 * cStride + 2 * WIDTH);
        FloatVector s60 = FloatVector.fromArray(LANES, c, cOffset + 6 * cStride);
        FloatVector s61 = FloatVector.fromArray(LANES, c, cOffset + 6 * cStride + WIDTH);
        FloatVector s62 = FloatVector.fromArray(LANES, c, cOffset + 6 * cStride + 2 * WIDTH);
        FloatVector s70 = FloatVector.fromArray(LANES, c, cOffset + 7 * cStride);
        FloatVector s71 = FloatVector.fromArray(LANES, c, cOffset + 7 * cStride + WIDTH);
        FloatVector s72 = FloatVector.fromArray(LANES, c, cOffset + 7 * cStride + 2 * WIDTH);
        for (int k = 0; k < depth; k++) {
            int ai = aOffset + k * ROWS;
            int bi = bOffset + k * COLUMNS;
            FloatVector b0 = FloatVector.fromArray(LANES, b, bi);
            FloatVector b1 = FloatVector.fromArray(LANES, b, bi + WIDTH);
            FloatVector b2 = FloatVector.fromArray(LANES, b, bi + 2 * WIDTH);
            FloatVector a0 = FloatVector.broadcast(LANES, a[ai]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            s02 = a0.fma(b2, s02);
            FloatVector a1 = FloatVector.broadcast(LANES, a[ai + 1]);
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            s12 = a1.fma(b2, s12);
            FloatVector a2 = FloatVector.broadcast(LANES, a[ai + 2]);
            s20 = a2.fma(b0, s20);
            s21 = a2.fma(b1, s21);
            s22 = a2.fma(b2, s22);
            FloatVector a3 = FloatVector.broadcast(LANES, a[ai + 3]);
            s30 = a3.fma(b0, s30);
            s31 = a3.fma(b1, s31);
            s32 = a3.fma(b2, s32);
            FloatVector a4 = FloatVector.broadcast(LANES, a[ai + 4]);
            s40 = a4.fma(b0, s40);
            s41 = a4.fma(b1, s41);
            s42 = a4.fma(b2, s42);
            FloatVector a5 = FloatVector.broadcast(LANES, a[ai + 5]);
            s50 = a5.fma(b0, s50);
            s51 = a5.fma(b1, s51);
            s52 = a5.fma(b2, s52);
            FloatVector a6 = FloatVector.broadcast(LANES, a[ai + 6]);
            s60 = a6.fma(b0, s60);
            s61 = a6.fma(b1, s61);
            s62 = a6.fma(b2, s62);
            FloatVector a7 = FloatVector.broadcast(LANES, a[ai + 7]);
            s70 = a7.fma(b0, s70);
            s71 = a7.fma(b1, s71);
            s72 = a7.fma(b2, s72);
        }
        s00.intoArray(c, cOffset);
        s01.intoArray(c, cOffset + WIDTH);
        s02.intoArray(c, cOffset + 2 * WIDTH);
        s10.intoArray(c, cOffset + cStride);
        s11.intoArray(c, cOffset + cStride + WIDTH);
        s12.intoArray(c, cOffset + cStride + 2 * WIDTH);
        s20.intoArray(c, cOffset + 2 * cStride);
        s21.intoArray(c, cOffset + 2 * cStride + WIDTH);
        s22.intoArray(c, cOffset + 2 * cStride + 2 * WIDTH);
        s30.intoArray(c, cOffset + 3 * cStride);
        s31.intoArray(c, cOffset + 3 * cStride + WIDTH);
        s32.intoArray(c, cOffset + 3 * cStride + 2 * WIDTH);
        s40.intoArray(c, cOffset + 4 * cStride);
        s41.intoArray(c, cOffset + 4 * cStride + WIDTH);
        s42.intoArray(c, cOffset + 4 * cStride + 2 * WIDTH);
        s50.intoArray(c, cOffset + 5 * cStride);
        s51.intoArray(c, cOffset + 5 * cStride + WIDTH);
        s52.intoArray(c, cOffset + 5 * cStride + 2 * WIDTH);
        s60.intoArray(c, cOffset + 6 * cStride);
        s61.intoArray(c, cOffset + 6 * cStride + WIDTH);
        s62.intoArray(c, cOffset + 6 * cStride + 2 * WIDTH);
        s70.intoArray(c, cOffset + 7 * cStride);
        s71.intoArray(c, cOffset + 7 * cStride + WIDTH);
        s72.intoArray(c, cOffset + 7 * cStride + 2 * WIDTH);
    }
}
