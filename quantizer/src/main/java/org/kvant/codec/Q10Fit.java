package org.kvant.codec;

/** Q1_0: the weighted mean of the magnitudes is best. */
final class Q10Fit implements BlockFit {

    private static final int BLOCK = 128;

    @Override
    public boolean encode(float[] x, int xo, float[] weights, byte[] y, int yo) {
        double sum = 0;
        double sumW = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += (double) weights[i] * Math.abs(x[xo + i]);
            sumW += weights[i];
        }
        Half.put(y, yo, (float) (sum / sumW));
        Q10Kernel.putSigns(x, xo, y, yo);
        return true;
    }
}
