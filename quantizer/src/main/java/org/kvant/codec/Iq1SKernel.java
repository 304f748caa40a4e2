package org.kvant.codec;

import java.util.Arrays;

/**
 * IQ1_S: 8 groups of 32 values {@code d · (2 · l + 1) · (t ± 1/8)}:
 * {@code d | low bytes of 32 indices[32] | for each group three upper bits of four indices, l, the sign of the eighth, in 16
 * bits[16]}.
 */
final class Iq1SKernel implements BlockKernel {

    private static final int BYTES = 50;
    private static final int GROUP = 32;
    private static final int GROUPS = 8;
    private static final int LOW = 2;
    private static final int HIGH = 34;
    private static final float EPSILON = 1e-12f;

    @Override
    public boolean weighted() {
        return true;
    }

    /** The library refuses to encode without. */
    @Override
    public boolean requiresImportance() {
        return true;
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        throw new UnsupportedOperationException("IQ1_S has no rounding without importance");
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        Encoder encoder = new Encoder();
        int blocks = columns / SuperBlock.SIZE;
        for (int b = 0; b < rows * blocks; b++) {
            encoder.encode(x, xo + b * SuperBlock.SIZE, importance, b % blocks * SuperBlock.SIZE, y, yo + b * BYTES);
        }
    }

    private static final class Encoder {
        private final Iq1Search search = new Iq1Search(GROUP);
        private final float[] scales = new float[GROUPS];
        private final boolean[] lowered = new boolean[GROUPS];

        /** Sums over the first so many values in ascending order: of weight times value, and of the weights. */
        private final float[] sumx = new float[GROUP + 1];

        private final float[] sumw = new float[GROUP + 1];

        /** What the values from there on contribute when raised, and when lowered: to {@code Σ w·x·q} and {@code Σ w·q²}. */
        private final float[] raisedX = new float[GROUP + 1];

        private final float[] raisedW = new float[GROUP + 1];
        private final float[] loweredX = new float[GROUP + 1];
        private final float[] loweredW = new float[GROUP + 1];

        void encode(float[] x, int xo, float[] importance, int io, byte[] y, int yo) {
            Arrays.fill(y, yo, yo + BYTES, (byte) 0);
            float sigma2 = 2 * Groups.sumOfSquares(x, xo, SuperBlock.SIZE) / SuperBlock.SIZE;
            float largest = 0;
            for (int g = 0; g < GROUPS; g++) {
                int from = xo + GROUP * g;
                Groups.weights(x, from, GROUP, importance, io + GROUP * g, sigma2, search.weights);
                float max = Iq1Search.largest(x, from, GROUP);
                lowered[g] = false;
                scales[g] = max < EPSILON ? 0 : group(g, x, from, max, y, yo);
                largest = largest > scales[g] ? largest : scales[g];
            }
            if (largest == 0) {
                return;
            }
            float d = largest / 15;
            Half.put(y, yo, d * 1.125f);
            float id = 1 / d;
            for (int g = 0; g < GROUPS; g++) {
                int l = Rounding.clamp(Rounding.nearest(0.5f * (id * scales[g] - 1)), 0, 7);
                int high = Bytes.getShort(y, yo + HIGH + 2 * g) | l << 12 | (lowered[g] ? 1 << 15 : 0);
                Bytes.putShort(y, yo + HIGH + 2 * g, high);
            }
        }

        /** Encodes a group and returns its scale. */
        private float group(int g, float[] x, int xo, float max, byte[] y, int yo) {
            search.sort(x, xo);
            sum(x, xo);
            float scale = max;
            float best = -Float.MAX_VALUE;
            int bestSplit = -1;
            boolean down = false;
            for (int i1 = 0; i1 <= GROUP; i1++) {
                float x1 = sumx[i1];
                float w1 = sumw[i1];
                float firstX = x1 * Iq1Search.RAISED[0];
                float firstW = w1 * Iq1Search.RAISED[0] * Iq1Search.RAISED[0];
                float firstLoweredX = x1 * Iq1Search.LOWERED[0];
                float firstLoweredW = w1 * Iq1Search.LOWERED[0] * Iq1Search.LOWERED[0];
                for (int i2 = i1; i2 <= GROUP; i2++) {
                    // The middle run stands for ±1/8, whose products are exact.
                    float x2 = (sumx[i2] - x1) * Iq1Search.DELTA;
                    float w2 = (sumw[i2] - w1) * Iq1Search.DELTA * Iq1Search.DELTA;
                    float qx = firstX + x2 + raisedX[i2];
                    float q2 = firstW + w2 + raisedW[i2];
                    if (q2 > 0 && qx * qx > best * q2) {
                        scale = qx / q2;
                        best = scale * qx;
                        bestSplit = i1 << 8 | i2;
                        down = false;
                    }
                    qx = firstLoweredX - x2 + loweredX[i2];
                    q2 = firstLoweredW + w2 + loweredW[i2];
                    if (q2 > 0 && qx * qx > best * q2) {
                        scale = qx / q2;
                        best = scale * qx;
                        bestSplit = i1 << 8 | i2;
                        down = true;
                    }
                }
            }
            if (bestSplit < 0) {
                return 0;
            }
            search.split(bestSplit >> 8, bestSplit & 0xff, scale < 0);
            lowered[g] = down ^ scale < 0;
            return place(g, x, xo, Math.abs(scale), y, yo);
        }

        private void sum(float[] x, int xo) {
            for (int j = 0; j < GROUP; j++) {
                int i = search.order[j];
                sumx[j + 1] = sumx[j] + search.weights[i] * x[xo + i];
                sumw[j + 1] = sumw[j] + search.weights[i];
            }
            for (int j = 0; j <= GROUP; j++) {
                float restX = sumx[GROUP] - sumx[j];
                float restW = sumw[GROUP] - sumw[j];
                raisedX[j] = restX * Iq1Search.RAISED[2];
                raisedW[j] = restW * Iq1Search.RAISED[2] * Iq1Search.RAISED[2];
                loweredX[j] = restX * Iq1Search.LOWERED[2];
                loweredW[j] = restW * Iq1Search.LOWERED[2] * Iq1Search.LOWERED[2];
            }
        }

        private float place(int g, float[] x, int xo, float scale, byte[] y, int yo) {
            float[] values = lowered[g] ? Iq1Search.LOWERED : Iq1Search.RAISED;
            boolean off = false;
            for (int k = 0; k < GROUP / 8; k++) {
                search.place(k, x, xo, scale, values);
                off |= search.wasOff();
            }
            if (off) {
                float qx = 0;
                float q2 = 0;
                for (int i = 0; i < GROUP; i++) {
                    float w = search.weights[i];
                    float q = values[search.points[i / 8] >> 2 * (i % 8) & 3];
                    qx += w * q * x[xo + i];
                    q2 += w * q * q;
                }
                if (qx > 0 && q2 > 0) {
                    scale = qx / q2;
                }
            }
            if (!(scale >= 0)) {
                throw new CodecException("the values or their importance are too large to search for a scale");
            }
            int high = 0;
            for (int k = 0; k < GROUP / 8; k++) {
                int index = search.index(k);
                y[yo + LOW + 4 * g + k] = (byte) index;
                high |= index >> 8 << 3 * k;
            }
            Bytes.putShort(y, yo + HIGH + 2 * g, high);
            return scale;
        }
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, yo += BYTES) {
            float d = Half.get(y, yo);
            for (int g = 0; g < GROUPS; g++) {
                int high = Bytes.getShort(y, yo + HIGH + 2 * g);
                float scale = d * (2 * (high >> 12 & 7) + 1);
                for (int k = 0; k < 4; k++, xo += 8) {
                    int index = y[yo + LOW + 4 * g + k] & 0xff | (high >> 3 * k & 7) << 8;
                    Iq1Search.decode(index, scale, high >> 15 != 0, x, xo);
                }
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {0};
    }
}
