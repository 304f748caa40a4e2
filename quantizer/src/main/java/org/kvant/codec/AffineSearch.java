package org.kvant.codec;

import java.util.Arrays;

/**
 * Searches for the scale and the minimum of a group whose codes are {@code round((x − min) / scale)} with min ≤ 0. The order
 * of the floating-point operations is that of {@code make_qkx2_quants} and {@code make_qkx3_quants} in ggml-quants.c, which
 * are the same for given weights.
 *
 * @param n values in a group
 * @param nmax the largest code
 * @param rmin the first candidate has the inverse scale {@code (rmin + nmax) / range}
 * @param rdelta what each further candidate adds to rmin
 * @param steps the number of candidates after the first
 * @param absolute whether errors count by magnitude and not by their squares
 */
public record AffineSearch(int n, int nmax, float rmin, float rdelta, int steps, boolean absolute) {

    /**
     * @param scratch n floats
     * @param codes receives the codes
     * @param mins receives the negated minimum at {@code mo}
     * @return the scale
     */
    float search(float[] x, int xo, float[] weights, float[] scratch, byte[] codes, int co, float[] mins, int mo) {
        float min = x[xo];
        float max = min;
        float sumW = weights[0];
        float sumX = sumW * min;
        for (int i = 1; i < n; i++) {
            float v = x[xo + i];
            min = v < min ? v : min;
            max = v > max ? v : max;
            float w = weights[i];
            sumW += w;
            sumX += w * v;
        }
        min = min > 0 ? 0 : min;
        if (max <= min) {
            Arrays.fill(codes, co, co + n, (byte) 0);
            mins[mo] = -min;
            return 0;
        }
        float iscale = nmax / (max - min);
        float scale = 1 / iscale;
        for (int i = 0; i < n; i++) {
            scratch[i] = code(iscale, x[xo + i], min);
        }
        float bestError = error(x, xo, weights, scratch, scale, min);
        float codeInverse = iscale;
        float codeMin = min;
        for (int is = 0; is <= steps; is++) {
            iscale = (rmin + rdelta * is + nmax) / (max - min);
            float sumL = 0;
            float sumL2 = 0;
            float sumXL = 0;
            for (int i = 0; i < n; i++) {
                float v = x[xo + i];
                float l = code(iscale, v, min);
                scratch[i] = l;
                float wl = weights[i] * l;
                sumL += wl;
                sumL2 += wl * l;
                sumXL += wl * v;
            }
            float determinant = sumW * sumL2 - sumL * sumL;
            if (determinant > 0) {
                float tryScale = (sumW * sumXL - sumX * sumL) / determinant;
                float tryMin = (sumL2 * sumX - sumL * sumXL) / determinant;
                if (tryMin > 0) {
                    tryMin = 0;
                    tryScale = sumXL / sumL2;
                }
                float error = error(x, xo, weights, scratch, tryScale, tryMin);
                if (error < bestError) {
                    bestError = error;
                    codeInverse = iscale;
                    codeMin = min;
                    scale = tryScale;
                    min = tryMin;
                }
            }
        }
        for (int i = 0; i < n; i++) {
            codes[co + i] = (byte) code(codeInverse, x[xo + i], codeMin);
        }
        mins[mo] = -min;
        return scale;
    }

    private float error(float[] x, int xo, float[] weights, float[] candidate, float scale, float min) {
        float error = 0;
        if (absolute) {
            for (int i = 0; i < n; i++) {
                error += weights[i] * Math.abs(scale * candidate[i] + min - x[xo + i]);
            }
        } else {
            for (int i = 0; i < n; i++) {
                float diff = scale * candidate[i] + min - x[xo + i];
                error += weights[i] * (diff * diff);
            }
        }
        return error;
    }

    /** The code of one value. */
    public int code(float iscale, float v, float min) {
        return Rounding.clamp(Rounding.nearest(iscale * (v - min)), 0, nmax);
    }
}
