package org.kvant.codec;

/**
 * What the encoders of IQ1_S and IQ1_M share ({@code quantize_row_iq1_s_impl} and {@code quantize_row_iq1_m_impl} in
 * ggml-quants.c): values are {@code scale · (t ± 1/8)} with t −1, 0 or 1, eight of them a point of the codebook. The best
 * split of the sorted values of a group into three runs is searched exhaustively. Scratch, for one thread.
 */
final class Iq1Search {

    static final float DELTA = 0.125f;

    /** What t stands for, raised and lowered. */
    static final float[] RAISED = {-1 + DELTA, DELTA, 1 + DELTA};

    static final float[] LOWERED = {-1 - DELTA, -DELTA, 1 - DELTA};

    private final CodebookNeighbours neighbours = Codebook.IQ1.neighbours();
    private final float[] terms = new float[32];
    private final int n;

    /** Of the values in ascending order: their places. */
    final int[] order;

    private final float[] sorted;

    /** One a value. */
    final float[] weights;

    /** t + 1 of each value. */
    private final byte[] codes;

    /** The packed points. */
    final int[] points;

    private boolean off;

    Iq1Search(int n) {
        this.n = n;
        this.order = new int[n];
        this.sorted = new float[n];
        this.weights = new float[n];
        this.codes = new byte[n];
        this.points = new int[n / 8];
    }

    static float largest(float[] x, int xo, int n) {
        float max = Math.abs(x[xo]);
        for (int i = xo + 1; i < xo + n; i++) {
            max = Math.max(max, Math.abs(x[i]));
        }
        return max;
    }

    /** Sorts; equal values keep their order, as with the merge sort behind glibc's {@code qsort}. */
    void sort(float[] x, int xo) {
        for (int i = 0; i < n; i++) {
            float v = x[xo + i];
            int j = i;
            for (; j > 0 && sorted[j - 1] > v; j--) {
                sorted[j] = sorted[j - 1];
                order[j] = order[j - 1];
            }
            sorted[j] = v;
            order[j] = i;
        }
    }

    /** Takes the first {@code i1} in ascending order for −1, the next up to {@code i2} for 0, the others for 1. */
    void split(int i1, int i2, boolean negate) {
        for (int j = 0; j < n; j++) {
            int code = j < i1 ? 0 : j < i2 ? 1 : 2;
            codes[order[j]] = (byte) (negate ? 2 - code : code);
        }
    }

    /** Moves the eight codes from 8·k on to the codebook and notes whether they were off. */
    void place(int k, float[] x, int xo, float scale, float[] values) {
        int point = 0;
        for (int j = 0; j < 8; j++) {
            point |= codes[8 * k + j] << 2 * j;
        }
        off = !neighbours.contains(point);
        if (off) {
            point = neighbours.nearest8(
                    point,
                    x,
                    xo + 8 * k,
                    weights,
                    8 * k,
                    scale * values[0],
                    scale * values[1],
                    scale * values[2],
                    terms);
            if (point < 0) {
                throw new CodecException("the values or their importance are too large to search for a scale");
            }
        }
        points[k] = point;
    }

    /** Whether the last eight codes were off the codebook. */
    boolean wasOff() {
        return off;
    }

    int index(int k) {
        return neighbours.index(points[k]);
    }

    /** Decodes one point. */
    static void decode(int index, float scale, boolean lowered, float[] x, int xo) {
        int point = Codebook.IQ1.points()[index];
        float delta = lowered ? -DELTA : DELTA;
        for (int i = 0; i < 8; i++) {
            x[xo + i] = scale * ((point >> 2 * i & 3) - 1 + delta);
        }
    }
}
