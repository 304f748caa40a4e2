package org.kvant.codec;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * IQ1_M: 16 groups of 16 values {@code d · (2 · l + 1) · (t ± 1/8)}, the eighth's sign its own for each half of a group:
 * {@code low bytes of 32 indices[32] | for each two indices their upper three bits, each below a sign[16] | four 16-bit words of
 * four l each below four bits of d}.
 */
final class Iq1MKernel implements BlockKernel {

    private static final int BYTES = 56;
    private static final int GROUP = 16;
    private static final int HALF_GROUP = GROUP / 2;
    private static final int GROUPS = 16;
    private static final int HIGH = 32;
    private static final int SCALES = 48;
    private static final float EPSILON = 1e-7f;

    /** The signs of both halves in the byte of upper bits; bit 1 of the index is for the first half, bit 0 for the second. */
    private static final int[] SIGNS = {0x00, 0x80, 0x08, 0x88};

    @Override
    public boolean weighted() {
        return true;
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        Encoder encoder = new Encoder();
        for (int b = 0; b < blocks; b++) {
            encoder.encode(x, xo + b * SuperBlock.SIZE, null, 0, y, yo + b * BYTES);
        }
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        Encoder encoder = new Encoder();
        int blocks = columns / SuperBlock.SIZE;
        for (int b = 0; b < rows * blocks; b++) {
            encoder.encode(x, xo + b * SuperBlock.SIZE, importance, b % blocks * SuperBlock.SIZE, y, yo + b * BYTES);
        }
    }

    private static float[] values(int signs, int half) {
        return (signs >> 1 - half & 1) != 0 ? Iq1Search.LOWERED : Iq1Search.RAISED;
    }

    private static final class Encoder {
        private static final float P = Iq1Search.RAISED[2];
        private static final float M = Iq1Search.LOWERED[2];

        /** Differences of neighbouring squares, lower less upper: by these the sums of a split follow from its two bounds. */
        private static final float P1 = square(Iq1Search.RAISED, 0) - square(Iq1Search.RAISED, 1);

        private static final float P2 = square(Iq1Search.RAISED, 1) - square(Iq1Search.RAISED, 2);
        private static final float M1 = square(Iq1Search.LOWERED, 0) - square(Iq1Search.LOWERED, 1);
        private static final float M2 = square(Iq1Search.LOWERED, 1) - square(Iq1Search.LOWERED, 2);

        private final Iq1Search search = new Iq1Search(GROUP);
        private final float[] scales = new float[GROUPS];
        private final int[] signs = new int[GROUPS];
        private final int[] points = new int[2 * GROUPS];

        /** Sums over the first so many values in ascending order that are of the first or the second half of the group. */
        private final float[] x0 = new float[GROUP + 1];

        private final float[] x1 = new float[GROUP + 1];
        private final float[] w0 = new float[GROUP + 1];
        private final float[] w1 = new float[GROUP + 1];

        private static float square(float[] values, int i) {
            return values[i] * values[i];
        }

        void encode(float[] x, int xo, float @Nullable [] importance, int io, byte[] y, int yo) {
            Arrays.fill(y, yo, yo + BYTES, (byte) 0);
            Arrays.fill(points, 0, points.length, Codebook.IQ1.point(0));
            float sigma2 = 2 * Groups.sumOfSquares(x, xo, SuperBlock.SIZE) / SuperBlock.SIZE;
            float largest = 0;
            for (int g = 0; g < GROUPS; g++) {
                int from = xo + GROUP * g;
                weigh(x, from, importance, io + GROUP * g, sigma2);
                float max = Iq1Search.largest(x, from, GROUP);
                signs[g] = 0;
                scales[g] = max < EPSILON ? 0 : group(g, x, from, max, y, yo);
                largest = largest > scales[g] ? largest : scales[g];
            }
            if (largest != 0) {
                putScales(x, xo, importance, io, sigma2, largest / 15, y, yo);
            }
        }

        private void weigh(float[] x, int xo, float @Nullable [] importance, int io, float sigma2) {
            if (importance != null) {
                Groups.weights(x, xo, GROUP, importance, io, sigma2, search.weights);
                return;
            }
            for (int i = 0; i < GROUP; i++) {
                search.weights[i] = x[xo + i] * x[xo + i];
            }
        }

        /** Encodes a group and returns its scale. */
        private float group(int g, float[] x, int xo, float max, byte[] y, int yo) {
            search.sort(x, xo);
            sum(x, xo);
            float tx0 = x0[GROUP];
            float tx1 = x1[GROUP];
            float qp0 = w0[GROUP] * P * P;
            float qm0 = w0[GROUP] * M * M;
            float qp1 = w1[GROUP] * P * P;
            float qm1 = w1[GROUP] * M * M;
            float scale = max;
            float best = -Float.MAX_VALUE;
            int bestSplit = -1;
            int bestSigns = 0;
            for (int i1 = 0; i1 <= GROUP; i1++) {
                float p0 = qp0 + w0[i1] * P1;
                float m0 = qm0 + w0[i1] * M1;
                float p1 = qp1 + w1[i1] * P1;
                float m1 = qm1 + w1[i1] * M1;
                for (int i2 = i1; i2 <= GROUP; i2++) {
                    float s0 = x0[i1] + x0[i2];
                    float s1 = x1[i1] + x1[i2];
                    for (int k = 0; k < 4; k++) {
                        float qx = (tx0 * (k < 2 ? P : M) - s0) + (tx1 * (k % 2 == 0 ? P : M) - s1);
                        float q2 = (k < 2 ? p0 + w0[i2] * P2 : m0 + w0[i2] * M2)
                                + (k % 2 == 0 ? p1 + w1[i2] * P2 : m1 + w1[i2] * M2);
                        if (q2 > 0 && qx * qx > best * q2) {
                            scale = qx / q2;
                            best = scale * qx;
                            bestSplit = i1 << 8 | i2;
                            bestSigns = k;
                        }
                    }
                }
            }
            if (bestSplit < 0) {
                return 0;
            }
            search.split(bestSplit >> 8, bestSplit & 0xff, scale < 0);
            signs[g] = scale < 0 ? 3 - bestSigns : bestSigns;
            return place(g, x, xo, Math.abs(scale), y, yo);
        }

        private void sum(float[] x, int xo) {
            for (int j = 0; j < GROUP; j++) {
                int i = search.order[j];
                float w = search.weights[i];
                float wx = w * x[xo + i];
                boolean first = i < HALF_GROUP;
                x0[j + 1] = first ? x0[j] + wx : x0[j];
                x1[j + 1] = first ? x1[j] : x1[j] + wx;
                w0[j + 1] = first ? w0[j] + w : w0[j];
                w1[j + 1] = first ? w1[j] : w1[j] + w;
            }
        }

        private float place(int g, float[] x, int xo, float scale, byte[] y, int yo) {
            boolean off = false;
            for (int k = 0; k < 2; k++) {
                search.place(k, x, xo, scale, values(signs[g], k));
                off |= search.wasOff();
                points[2 * g + k] = search.points[k];
            }
            if (off) {
                float qx = 0;
                float q2 = 0;
                for (int i = 0; i < GROUP; i++) {
                    float w = search.weights[i];
                    float q = values(signs[g], i / 8)[search.points[i / 8] >> 2 * (i % 8) & 3];
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
            y[yo + 2 * g] = (byte) search.index(0);
            y[yo + 2 * g + 1] = (byte) search.index(1);
            y[yo + HIGH + g] = (byte) (search.index(0) >> 8 | search.index(1) >> 8 << 4);
            return scale;
        }

        /** Rounds the scales, then fits d to what they have become. */
        private void putScales(
                float[] x, int xo, float @Nullable [] importance, int io, float sigma2, float d, byte[] y, int yo) {
            float id = 1 / d;
            float qx = 0;
            float q2 = 0;
            long words = 0;
            for (int g = 0; g < GROUPS; g++) {
                int l = Rounding.clamp(Rounding.nearest(0.5f * (id * scales[g] - 1)), 0, 7);
                words |= (long) l << 16 * (g / 4) + 3 * (g % 4);
                y[yo + HIGH + g] |= (byte) SIGNS[signs[g]];
                int from = xo + GROUP * g;
                weigh(x, from, importance, io + GROUP * g, sigma2);
                for (int i = 0; i < GROUP; i++) {
                    float w = search.weights[i];
                    float q = values(signs[g], i / 8)[points[2 * g + i / 8] >> 2 * (i % 8) & 3] * (2 * l + 1);
                    qx += w * q * x[from + i];
                    q2 += w * q * q;
                }
            }
            if (q2 > 0) {
                d = qx / q2;
            }
            int half = Float.floatToFloat16(d * 1.1125f) & 0xffff;
            for (int k = 0; k < 4; k++) {
                words |= (half >> 4 * k & 0xfL) << 16 * k + 12;
            }
            Bytes.putInt(y, yo + SCALES, (int) words);
            Bytes.putInt(y, yo + SCALES + 4, (int) (words >>> 32));
        }
    }

    private static int scaleBits(byte[] y, int yo) {
        int half = 0;
        for (int k = 0; k < 4; k++) {
            half |= (Bytes.getShort(y, yo + SCALES + 2 * k) >> 12) << 4 * k;
        }
        return half;
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, yo += BYTES) {
            float d = Float.float16ToFloat((short) scaleBits(y, yo));
            for (int g = 0; g < GROUPS; g++) {
                int l = Bytes.getShort(y, yo + SCALES + 2 * (g / 4)) >> 3 * (g % 4) & 7;
                float scale = d * (2 * l + 1);
                for (int k = 0; k < 2; k++, xo += 8) {
                    int high = y[yo + HIGH + g] >> 4 * k;
                    Iq1Search.decode(y[yo + 2 * g + k] & 0xff | (high & 7) << 8, scale, (high & 8) != 0, x, xo);
                }
            }
        }
    }

    /** The scale is in pieces: see {@link #scaleOverflows}. */
    @Override
    public int[] scaleOffsets() {
        return new int[0];
    }

    @Override
    public boolean scaleOverflows(byte[] y, int yo) {
        return (scaleBits(y, yo) & 0x7c00) == 0x7c00;
    }
}
