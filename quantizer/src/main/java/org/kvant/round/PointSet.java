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
    private static final int NEAR = 24;

    final int dimensions;
    final int bits;
    final Signs signs;

    /** What coordinates stand for, of each shift; one row without shifts. */
    final float[][] levels;

    /** Packed points by index. */
    final int[] points;

    private final float first;
    private final float perLevel;

    /** For each combination, {@link #NEAR} indices by rising distance. */
    private final char[] near;

    PointSet(Codebook codebook, Signs signs, float[]... levels) {
        this.dimensions = codebook.dimensions();
        this.bits = codebook.bits();
        this.signs = signs;
        this.levels = levels;
        points = new int[codebook.size()];
        Arrays.setAll(points, codebook::point);
        first = levels[0][0];
        perLevel = (levels[0].length - 1) / (levels[0][levels[0].length - 1] - first);
        near = near();
    }

    /** How many near points are worth looking at for the last choice: in four dimensions few are near. */
    int thorough() {
        return dimensions == 4 ? 16 : 24;
    }

    /** How many are while scales are tried. */
    int quick() {
        return dimensions == 4 ? 4 : 8;
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
        int last = levels[0].length - 1;
        for (int i = from + dimensions - 1; i >= from; i--) {
            // Levels are nearly even; that of the nearest combination need not be exact.
            float level = (values[i] - first) * perLevel + 0.5f;
            combination = combination * (last + 1) + (level > 0 ? level < last ? (int) level : last : 0);
        }
        return combination * NEAR;
    }

    /** The index of a point at a place. */
    int near(int place) {
        return near[place];
    }
}
