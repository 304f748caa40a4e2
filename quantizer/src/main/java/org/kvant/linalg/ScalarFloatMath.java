package org.kvant.linalg;

/** Without the Vector API. */
final class ScalarFloatMath implements FloatMath {

    @Override
    public float max(float[] x, int offset, int length) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = offset; i < offset + length; i++) {
            max = Math.max(max, x[i]);
        }
        return max;
    }

    @Override
    public float sum(float[] x, int offset, int length) {
        double sum = 0;
        for (int i = offset; i < offset + length; i++) {
            sum += x[i];
        }
        return (float) sum;
    }

    @Override
    public float dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            sum += (double) a[aOffset + i] * b[bOffset + i];
        }
        return (float) sum;
    }

    @Override
    public void exp(float[] x, int xOffset, float shift, float[] y, int yOffset, int length) {
        for (int i = 0; i < length; i++) {
            y[yOffset + i] = ExpPolynomial.exp(x[xOffset + i] + shift);
        }
    }
}
