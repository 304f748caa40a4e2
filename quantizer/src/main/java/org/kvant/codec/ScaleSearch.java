package org.kvant.codec;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Searches for the scale of a group whose codes are {@code round(x / scale)}: no offset. The order of the floating-point
 * operations is that of ggml-quants.c, whose function each method names; every sum is in single precision and in order.
 */
public final class ScaleSearch {

    /** Refinement rounds over the codes. */
    private static final int ROUNDS = 5;

    private ScaleSearch() {}

    /**
     * {@code make_qx_quants} with {@code rmse_type} 1: codes in [−nmax, nmax), stored shifted by nmax.
     *
     * @param qw weights from {@code qwo} on, or null for x²
     * @param codes receives the shifted codes
     * @return the scale
     */
    public static float signed(
            int n, int nmax, float[] x, int xo, byte[] codes, int co, float @Nullable [] qw, int qwo) {
        float max = Groups.extreme(x, xo, n);
        if (Math.abs(max) < Rounding.GROUP_MAX_EPS) {
            Arrays.fill(codes, co, co + n, (byte) 0);
            return 0;
        }
        float iscale = -nmax / max;
        float sumlx = 0;
        float suml2 = 0;
        for (int i = 0; i < n; i++) {
            float v = x[xo + i];
            float l = Rounding.clamp(Rounding.nearest(iscale * v), -nmax, nmax - 1);
            float w = qw != null ? qw[qwo + i] : v * v;
            sumlx += w * v * l;
            suml2 += w * l * l;
        }
        float bestInverse = iscale;
        float scale = suml2 != 0 ? sumlx / suml2 : 0;
        float best = scale * sumlx;
        for (int is = -9; is <= 9; is++) {
            if (is == 0) {
                continue;
            }
            iscale = -(nmax + 0.1f * is) / max;
            sumlx = 0;
            suml2 = 0;
            for (int i = 0; i < n; i++) {
                float v = x[xo + i];
                float l = Rounding.clamp(Rounding.nearest(iscale * v), -nmax, nmax - 1);
                float w = qw != null ? qw[qwo + i] : v * v;
                sumlx += w * v * l;
                suml2 += w * l * l;
            }
            if (suml2 > 0 && sumlx * sumlx > best * suml2) {
                bestInverse = iscale;
                scale = sumlx / suml2;
                best = scale * sumlx;
            }
        }
        for (int i = 0; i < n; i++) {
            codes[co + i] = (byte) (nmax + Rounding.clamp(Rounding.nearest(bestInverse * x[xo + i]), -nmax, nmax - 1));
        }
        return scale;
    }

    /** {@code make_q3_quants} with {@code do_rmse}: as {@link #signed}, by changing one code at a time, weights x². */
    public static float signedByCode(int n, int nmax, float[] x, int xo, byte[] codes, int co) {
        float max = Groups.extreme(x, xo, n);
        if (Math.abs(max) < Rounding.GROUP_MAX_EPS) {
            Arrays.fill(codes, co, co + n, (byte) 0);
            return 0;
        }
        float iscale = -nmax / max;
        float sumlx = 0;
        float suml2 = 0;
        for (int i = 0; i < n; i++) {
            float v = x[xo + i];
            int l = Rounding.clamp(Rounding.nearest(iscale * v), -nmax, nmax - 1);
            codes[co + i] = (byte) l;
            float w = v * v;
            sumlx += w * v * l;
            suml2 += w * l * l;
        }
        for (int round = 0; round < ROUNDS; round++) {
            boolean changed = false;
            for (int i = 0; i < n; i++) {
                float v = x[xo + i];
                int l = codes[co + i];
                float w = v * v;
                float slx = sumlx - w * v * l;
                if (slx > 0) {
                    float sl2 = suml2 - w * l * l;
                    int next = Rounding.clamp(Rounding.nearest(v * sl2 / slx), -nmax, nmax - 1);
                    if (next != l) {
                        slx += w * v * next;
                        sl2 += w * next * next;
                        if (sl2 > 0 && slx * slx * suml2 > sumlx * sumlx * sl2) {
                            codes[co + i] = (byte) next;
                            sumlx = slx;
                            suml2 = sl2;
                            changed = true;
                        }
                    }
                }
            }
            if (!changed) {
                break;
            }
        }
        for (int i = 0; i < n; i++) {
            codes[co + i] += (byte) nmax;
        }
        return suml2 > 0 ? sumlx / suml2 : 0;
    }

    /**
     * {@code make_qp_quants}: values ≥ 0 and codes in [0, nmax], weighted.
     *
     * @param codes receives the codes, as unsigned bytes, from 0 on
     * @param weights one a value, from {@code xo} on as the values
     * @return the scale
     */
    static float positive(int n, int nmax, float[] x, int xo, byte[] codes, float[] weights) {
        float max = 0;
        for (int i = 0; i < n; i++) {
            max = max > x[xo + i] ? max : x[xo + i];
        }
        if (max < Rounding.GROUP_MAX_EPS) {
            Arrays.fill(codes, 0, n, (byte) 0);
            return 0;
        }
        float iscale = nmax / max;
        float scale = 1 / iscale;
        float bestError = 0;
        for (int i = 0; i < n; i++) {
            float diff = x[xo + i] - scale * (Rounding.nearest(iscale * x[xo + i]) & 0xff);
            bestError += weights[xo + i] * diff * diff;
        }
        for (int is = -4; is <= 4; is++) {
            if (is == 0) {
                continue;
            }
            float tryInverse = (0.1f * is + nmax) / max;
            float tryScale = 1 / tryInverse;
            float error = 0;
            for (int i = 0; i < n; i++) {
                float diff = x[xo + i] - tryScale * Math.min(nmax, Rounding.nearest(tryInverse * x[xo + i]));
                error += weights[xo + i] * diff * diff;
            }
            if (error < bestError) {
                bestError = error;
                iscale = tryInverse;
            }
        }
        float sumlx = 0;
        float suml2 = 0;
        for (int i = 0; i < n; i++) {
            int l = Math.min(nmax, Rounding.nearest(iscale * x[xo + i]));
            codes[i] = (byte) l;
            float w = weights[xo + i];
            sumlx += w * x[xo + i] * l;
            suml2 += w * l * l;
        }
        for (int round = 0; round < ROUNDS; round++) {
            boolean changed = false;
            for (int i = 0; i < n; i++) {
                float w = weights[xo + i];
                int l = codes[i] & 0xff;
                float slx = sumlx - w * x[xo + i] * l;
                float sl2 = suml2 - w * l * l;
                if (slx > 0 && sl2 > 0) {
                    int next = Math.min(nmax, Rounding.nearest(x[xo + i] * sl2 / slx));
                    if (next != l) {
                        slx += w * x[xo + i] * next;
                        sl2 += w * next * next;
                        if (slx * slx * suml2 > sumlx * sumlx * sl2) {
                            codes[i] = (byte) next;
                            sumlx = slx;
                            suml2 = sl2;
                            changed = true;
                        }
                    }
                }
            }
            if (!changed) {
                break;
            }
        }
        return suml2 > 0 ? sumlx / suml2 : 0;
    }
}
