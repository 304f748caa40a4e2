package org.kvant.linalg.vector;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;
import org.kvant.linalg.DoubleKernel;

/**
 * Six rows by two vectors: 12 sums, for the 16 registers of AVX2.
 *
 * <p>Every sum is a local variable, because C2 keeps a vector in a register only then; and they begin with what C holds: with
 * zeros C2 boxes them, and is eight times slower.
 */
final class DoubleKernel6 implements DoubleKernel {
    private static final VectorSpecies<Double> LANES = DoubleVector.SPECIES_PREFERRED;
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
            int depth, double[] a, int aOffset, double[] b, int bOffset, double[] c, int cOffset, int cStride) {
        DoubleVector s00 = DoubleVector.fromArray(LANES, c, cOffset);
        DoubleVector s01 = DoubleVector.fromArray(LANES, c, cOffset + WIDTH);
        DoubleVector s10 = DoubleVector.fromArray(LANES, c, cOffset + cStride);
        DoubleVector s11 = DoubleVector.fromArray(LANES, c, cOffset + cStride + WIDTH);
        DoubleVector s20 = DoubleVector.fromArray(LANES, c, cOffset + 2 * cStride);
        DoubleVector s21 = DoubleVector.fromArray(LANES, c, cOffset + 2 * cStride + WIDTH);
        DoubleVector s30 = DoubleVector.fromArray(LANES, c, cOffset + 3 * cStride);
        DoubleVector s31 = DoubleVector.fromArray(LANES, c, cOffset + 3 * cStride + WIDTH);
        DoubleVector s40 = DoubleVector.fromArray(LANES, c, cOffset + 4 * cStride);
        DoubleVector s41 = DoubleVector.fromArray(LANES, c, cOffset + 4 * cStride + WIDTH);
        DoubleVector s50 = DoubleVector.fromArray(LANES, c, cOffset + 5 * cStride);
        DoubleVector s51 = DoubleVector.fromArray(LANES, c, cOffset + 5 * cStride + WIDTH);
        for (int k = 0; k < depth; k++) {
            int ai = aOffset + k * ROWS;
            int bi = bOffset + k * COLUMNS;
            DoubleVector b0 = DoubleVector.fromArray(LANES, b, bi);
            DoubleVector b1 = DoubleVector.fromArray(LANES, b, bi + WIDTH);
            DoubleVector a0 = DoubleVector.broadcast(LANES, a[ai]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            DoubleVector a1 = DoubleVector.broadcast(LANES, a[ai + 1]);
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            DoubleVector a2 = DoubleVector.broadcast(LANES, a[ai + 2]);
            s20 = a2.fma(b0, s20);
            s21 = a2.fma(b1, s21);
            DoubleVector a3 = DoubleVector.broadcast(LANES, a[ai + 3]);
            s30 = a3.fma(b0, s30);
            s31 = a3.fma(b1, s31);
            DoubleVector a4 = DoubleVector.broadcast(LANES, a[ai + 4]);
            s40 = a4.fma(b0, s40);
            s41 = a4.fma(b1, s41);
            DoubleVector a5 = DoubleVector.broadcast(LANES, a[ai + 5]);
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
