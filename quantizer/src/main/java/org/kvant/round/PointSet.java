package org.kvant.round;

import java.util.Arrays;
import org.kvant.codec.Codebook;

/**
 * A codebook, what its coordinates stand for, and for every combination of coordinates the points near it. Immutable; making one
 * takes some tenths of a second.
 */
final class PointSet {

    /** What is known about signs of the eight columns of a unit. */
    enum Signs {
        /** Eight free ones. */
        FREE,
        /** Seven, the eighth making the number of minuses even. */
        EVEN,
        /** None: coordinates have signs, and are all shifted one way, in each unit another (IQ1_M). */
        SHIFT,
        /** As {@link #SHIFT}, one way for a whole group (IQ1_S). */
        GROUP_SHIFT
    }

    /** Points remembered for each combination. */
    static final int NEAR = 32;

    final int dimensions;
    final int bits;
    final Signs signs;

    /** What coordinates stand for, of each shift; one row without shifts. */
    final float[][] levels;

    /** Packed points by index. */
    final int[] points;

    /** Middles of neighbouring levels of the first row. */
    private final float[] middles;

    /** For each combination, {@link #NEAR} indices by rising distance. */
    private final char[] near;

    PointSet(Codebook codebook, Signs signs, float[]... levels) {
        this.dimensions = codebook.dimensions();
        this.bits = codebook.bits();
        this.signs = signs;
        this.levels = levels;
        points = new int[codebook.size()];
        Arrays.setAll(points, codebook::point);
        middles = new float[levels[0].length - 1];
        for (int i = 0; i < middles.length; i++) {
            middles[i] = (levels[0][i] + levels[0][i + 1]) / 2;
        }
        near = near();
    }

    boolean signed() {
        return signs == Signs.FREE || signs == Signs.EVEN;
    }

    private char[] near() {
        int count = levels[0].length;
        int combinations = (int) Math.round(Math.pow(count, dimensions));
        char[] result = new char[combinations * NEAR];
        long[] keys = new long[points.length];
        float[] at = new float[dimensions];
        for (int c = 0; c < combinations; c++) {
            for (int i = 0, rest = c; i < dimensions; i++, rest /= count) {
                at[i] = levels[0][rest % count];
            }
            for (int p = 0; p < points.length; p++) {
                float distance = 0;
                for (int i = 0; i < dimensions; i++) {
                    float diff = at[i] - levels[0][coordinate(points[p], i)];
                    distance += diff * diff;
                }
                // Positive floats order as their bits do.
                keys[p] = (long) Float.floatToRawIntBits(distance) << 32 | p;
            }
            smallest(keys, NEAR);
            for (int k = 0; k < NEAR; k++) {
                result[c * NEAR + k] = (char) (keys[k] & 0xffff);
            }
        }
        return result;
    }

    /** Brings the n smallest keys to the front, in order. */
    private static void smallest(long[] keys, int n) {
        int low = 0;
        int high = keys.length - 1;
        while (low < high) {
            long pivot = keys[low + high >>> 1];
            int i = low;
            int j = high;
            while (i <= j) {
                while (keys[i] < pivot) {
                    i++;
                }
                while (keys[j] > pivot) {
                    j--;
                }
                if (i <= j) {
                    long swap = keys[i];
                    keys[i++] = keys[j];
                    keys[j--] = swap;
                }
            }
            if (n - 1 <= j) {
                high = j;
            } else if (n - 1 >= i) {
                low = i;
            } else {
                break;
            }
        }
        Arrays.sort(keys, 0, n);
    }

    int coordinate(int point, int i) {
        return point >> bits * i & (1 << bits) - 1;
    }

    /** Where the points near some values start in {@link #near(int)}; the values are magnitudes, or have their shift taken off. */
    int place(float[] values, int from) {
        int combination = 0;
        for (int i = dimensions - 1; i >= 0; i--) {
            int level = 0;
            for (float middle : middles) {
                level += values[from + i] > middle ? 1 : 0;
            }
            combination = combination * levels[0].length + level;
        }
        return combination * NEAR;
    }

    /** The index of a point at a place. */
    int near(int place) {
        return near[place];
    }
}
