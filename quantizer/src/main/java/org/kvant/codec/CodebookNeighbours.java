package org.kvant.codec;

import java.util.Arrays;

/**
 * Where a point is in a {@link Codebook}, and for a point outside which of its points are near ({@code iq2xs_init_impl} and
 * {@code iq3xs_init_impl} in ggml-quants.c, whose order of neighbours this keeps: by distance, then by index).
 */
final class CodebookNeighbours {

    /** Coordinates that encoders produce: three of the four two-bit ones, all eight three-bit ones. */
    private static final int LEVELS_OF_TWO_BITS = 3;

    /** By packed point: its index, or −1 − the place of its neighbours in {@link #near}. */
    private final int[] places;

    /** For each point outside the number of its neighbours, and these, packed. */
    private final char[] near;

    CodebookNeighbours(Codebook codebook) {
        int bits = codebook.bits();
        char[] points = codebook.points();
        this.places = new int[1 << bits * codebook.dimensions()];
        Arrays.fill(places, Integer.MIN_VALUE);
        for (int i = 0; i < points.length; i++) {
            places[points[i]] = i;
        }
        int levels = bits == 2 ? LEVELS_OF_TWO_BITS : 1 << bits;
        char[] all = new char[1 << 16];
        int size = 0;
        int[] distances = new int[points.length];
        int[] counts = new int[codebook.dimensions() * (levels - 1) * (levels - 1) + 1];
        for (int point = 0; point < places.length; point++) {
            if (places[point] >= 0 || !reachable(point, codebook, levels)) {
                continue;
            }
            Arrays.fill(counts, 0);
            for (int i = 0; i < points.length; i++) {
                distances[i] = bits == 2 ? distance2(point, points[i]) : distance3(point, points[i]);
                counts[distances[i]]++;
            }
            if (size + points.length >= all.length) {
                all = Arrays.copyOf(all, 2 * all.length);
            }
            places[point] = -1 - size;
            int start = size++;
            int shells = 0;
            for (int d = 0; shells < codebook.shells() && d < counts.length; d++) {
                if (counts[d] == 0) {
                    continue;
                }
                shells++;
                for (int i = 0; i < points.length; i++) {
                    if (distances[i] == d) {
                        all[size++] = points[i];
                    }
                }
            }
            all[start] = (char) (size - start - 1);
        }
        this.near = Arrays.copyOf(all, size);
    }

    private static boolean reachable(int point, Codebook codebook, int levels) {
        for (int i = 0; i < codebook.dimensions(); i++) {
            if (codebook.coordinate(point, i) >= levels) {
                return false;
            }
        }
        return true;
    }

    /** The squared distance of points whose two-bit coordinates are 0 to 2: 4 where they differ by binary 10, else 1. */
    private static int distance2(int a, int b) {
        int differ = a ^ b;
        int byTwo = differ >> 1 & ~differ & 0x5555;
        return Integer.bitCount(differ & 0x5555) + 4 * Integer.bitCount(byTwo);
    }

    private static int distance3(int a, int b) {
        int sum = 0;
        for (int shift = 0; shift < 12; shift += 3) {
            int diff = (a >> shift & 7) - (b >> shift & 7);
            sum += diff * diff;
        }
        return sum;
    }

    boolean contains(int point) {
        return places[point] >= 0;
    }

    /** The index of a point of the codebook. */
    int index(int point) {
        return places[point];
    }

    /**
     * The nearest of a point's neighbours, weighted ({@code iq2_find_best_neighbour}, {@code iq1_find_best_neighbour2}).
     *
     * @param point outside the codebook, of eight coordinates
     * @param s0 what a coordinate of 0 stands for; s1 and s2 what 1 and 2 do
     * @param terms scratch of 32 floats
     * @return the packed point, or −1 if all are infinitely far
     */
    int nearest8(int point, float[] x, int xo, float[] w, int wo, float s0, float s1, float s2, float[] terms) {
        for (int i = 0; i < 8; i++) {
            float v = x[xo + i];
            float weight = w[wo + i];
            float d0 = s0 - v;
            float d1 = s1 - v;
            float d2 = s2 - v;
            terms[4 * i] = weight * d0 * d0;
            terms[4 * i + 1] = weight * d1 * d1;
            terms[4 * i + 2] = weight * d2 * d2;
        }
        int place = -1 - places[point];
        int end = place + near[place];
        float best = Float.MAX_VALUE;
        int chosen = -1;
        for (int j = place + 1; j <= end; j++) {
            int p = near[j];
            float sum = terms[p & 3]
                    + terms[4 + (p >> 2 & 3)]
                    + terms[8 + (p >> 4 & 3)]
                    + terms[12 + (p >> 6 & 3)]
                    + terms[16 + (p >> 8 & 3)]
                    + terms[20 + (p >> 10 & 3)]
                    + terms[24 + (p >> 12 & 3)]
                    + terms[28 + (p >> 14)];
            if (sum < best) {
                best = sum;
                chosen = p;
            }
        }
        return chosen;
    }

    /**
     * {@code iq3_find_best_neighbour}: the nearest of a point's neighbours, weighted.
     *
     * @param point outside the codebook, of four coordinates
     * @param steps what a coordinate stands for
     * @return the packed point, or −1 if all are infinitely far
     */
    int nearest4(int point, float[] x, int xo, float[] w, int wo, float[] steps) {
        float x0 = x[xo];
        float x1 = x[xo + 1];
        float x2 = x[xo + 2];
        float x3 = x[xo + 3];
        float w0 = w[wo];
        float w1 = w[wo + 1];
        float w2 = w[wo + 2];
        float w3 = w[wo + 3];
        int place = -1 - places[point];
        int end = place + near[place];
        float best = Float.MAX_VALUE;
        int chosen = -1;
        for (int j = place + 1; j <= end; j++) {
            int p = near[j];
            float d0 = steps[p & 7] - x0;
            float d1 = steps[p >> 3 & 7] - x1;
            float d2 = steps[p >> 6 & 7] - x2;
            float d3 = steps[p >> 9] - x3;
            float sum = w0 * d0 * d0 + w1 * d1 * d1 + w2 * d2 * d2 + w3 * d3 * d3;
            if (sum < best) {
                best = sum;
                chosen = p;
            }
        }
        return chosen;
    }
}
