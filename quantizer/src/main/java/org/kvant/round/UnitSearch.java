package org.kvant.round;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Finds the best points for units of eight columns under diagonal weights. Lent to one thread. */
final class UnitSearch {

    static final int UNIT = 8;

    /** Candidates kept at most. */
    static final int KEEP = 8;

    /** Candidates kept of each half, where a unit is two points. */
    private static final int KEEP_HALF = 3;

    private final PointSet set;

    /** How many candidates were found. */
    int count;

    /** Of each candidate its weighted squared error over the step's square, rising. */
    final float[] costs = new float[KEEP];

    final int[][] points = new int[KEEP][2];

    /** Sign bits, or the number of the shift. */
    final int[] signs = new int[KEEP];

    private final float[] x = new float[UNIT];
    private final float[] magnitudes = new float[UNIT];
    private final float[] weights = new float[UNIT];
    private final float[] slopes = new float[UNIT];
    private final float[] terms = new float[UNIT << 3];
    private int natural;

    /** Of the points of one half: costs, points and the column whose sign is turned, or −1. */
    private final Half[] halves = new Half[4];

    private static final class Half {
        int count;
        final float[] costs = new float[KEEP];
        final int[] points = new int[KEEP];
        final int[] flips = new int[KEEP];

        void insert(float cost, int point, int flip, int keep) {
            int at = count < keep ? count++ : keep - 1;
            while (at > 0 && costs[at - 1] > cost) {
                costs[at] = costs[at - 1];
                points[at] = points[at - 1];
                flips[at] = flips[at - 1];
                at--;
            }
            costs[at] = cost;
            points[at] = point;
            flips[at] = flip;
        }

        boolean wants(float cost, int keep) {
            return count < keep || cost < costs[keep - 1];
        }
    }

    UnitSearch(PointSet set) {
        this.set = set;
        Arrays.setAll(halves, i -> new Half());
    }

    /**
     * Searches.
     *
     * @param values eight values from {@code xo} on
     * @param w their weights from {@code wo} on
     * @param near how many points to look at, at most {@link PointSet#NEAR}
     * @param keep how many candidates to keep, at most {@link #KEEP}
     * @param shifts bits of the shifts that are allowed; of no importance without shifts
     */
    void search(float[] values, int xo, float step, float[] w, int wo, int near, int keep, int shifts) {
        float inverse = Grid.inverse(step);
        for (int i = 0; i < UNIT; i++) {
            x[i] = values[xo + i] * inverse;
            weights[i] = w[wo + i];
        }
        count = 0;
        if (!set.signed()) {
            shifted(near, keep, shifts);
            return;
        }
        natural = 0;
        for (int i = 0; i < UNIT; i++) {
            magnitudes[i] = Math.abs(x[i]);
            slopes[i] = 4 * weights[i] * magnitudes[i];
            natural |= x[i] < 0 ? 1 << i : 0;
        }
        terms(magnitudes, 0);
        if (set.dimensions == UNIT) {
            boolean odd = set.signs == PointSet.Signs.EVEN && Integer.bitCount(natural) % 2 == 1;
            Half all = halves[0];
            points(0, near, keep, odd ? null : all, odd ? all : null);
            for (int k = 0; k < all.count; k++) {
                add(all.costs[k], all.points[k], 0, natural ^ bit(all.flips[k]), keep);
            }
        } else {
            halves(near, keep);
        }
    }

    private static int bit(int flip) {
        return flip < 0 ? 0 : 1 << flip;
    }

    private void terms(float[] at, int shift) {
        float[] levels = set.levels[shift];
        for (int i = 0; i < UNIT; i++) {
            for (int k = 0; k < levels.length; k++) {
                float diff = at[i] - levels[k];
                terms[(i << set.bits) + k] = weights[i] * diff * diff;
            }
        }
    }

    /**
     * The best points for the columns from {@code from} on.
     *
     * @param plain takes them as they are, if not null
     * @param turned takes them with their cheapest sign turned, if not null
     */
    private void points(int from, int near, int keep, @Nullable Half plain, @Nullable Half turned) {
        if (plain != null) {
            plain.count = 0;
        }
        if (turned != null) {
            turned.count = 0;
        }
        int place = set.place(magnitudes, from);
        for (int n = 0; n < near; n++) {
            int index = set.near(place + n);
            int point = set.points[index];
            float cost = set.dimensions == UNIT ? cost8(point) : cost4(from, point);
            if (plain != null && plain.wants(cost, keep)) {
                plain.insert(cost, index, -1, keep);
            }
            if (turned != null && turned.wants(cost, keep)) {
                turn(from, index, point, cost, keep, turned);
            }
        }
    }

    private float cost8(int point) {
        return (terms[point & 3]
                        + terms[4 + (point >> 2 & 3)]
                        + (terms[8 + (point >> 4 & 3)] + terms[12 + (point >> 6 & 3)]))
                + (terms[16 + (point >> 8 & 3)]
                        + terms[20 + (point >> 10 & 3)]
                        + (terms[24 + (point >> 12 & 3)] + terms[28 + (point >> 14 & 3)]));
    }

    private float cost4(int from, int point) {
        int at = from << 3;
        return terms[at + (point & 7)]
                + terms[at + 8 + (point >> 3 & 7)]
                + (terms[at + 16 + (point >> 6 & 7)] + terms[at + 24 + (point >> 9 & 7)]);
    }

    private void turn(int from, int index, int point, float cost, int keep, Half to) {
        int best = from;
        float cheapest = Float.POSITIVE_INFINITY;
        for (int i = from, rest = point; i < from + set.dimensions; i++, rest >>= set.bits) {
            float flip = slopes[i] * set.levels[0][rest & (1 << set.bits) - 1];
            if (flip < cheapest) {
                cheapest = flip;
                best = i;
            }
        }
        if (to.wants(cost + cheapest, keep)) {
            to.insert(cost + cheapest, index, best, keep);
        }
    }

    /** Two points of four columns: the number of minuses of both together may have to be even. */
    private void halves(int near, int keep) {
        boolean even = set.signs == PointSet.Signs.EVEN;
        boolean odd = Integer.bitCount(natural) % 2 == 1;
        int keepHalf = keep == 1 ? 1 : KEEP_HALF;
        boolean turn = even && (odd || keep > 1);
        points(0, near, keepHalf, halves[0], turn ? halves[2] : null);
        points(4, near, keepHalf, halves[1], turn ? halves[3] : null);
        if (even && odd) {
            combine(halves[2], halves[1], keep);
            combine(halves[0], halves[3], keep);
        } else {
            combine(halves[0], halves[1], keep);
            if (turn) {
                combine(halves[2], halves[3], keep);
            }
        }
    }

    private void combine(Half first, Half second, int keep) {
        for (int i = 0; i < first.count; i++) {
            for (int j = 0; j < second.count; j++) {
                add(
                        first.costs[i] + second.costs[j],
                        first.points[i],
                        second.points[j],
                        natural ^ bit(first.flips[i]) ^ bit(second.flips[j]),
                        keep);
            }
        }
    }

    private void shifted(int near, int keep, int shifts) {
        for (int shift = 0; shift < set.levels.length; shift++) {
            if ((shifts >> shift & 1) == 0) {
                continue;
            }
            // Relative to its level of 0, a shift moves all levels alike.
            float by = set.levels[shift][1] - set.levels[0][1];
            for (int i = 0; i < UNIT; i++) {
                magnitudes[i] = x[i] - by;
            }
            terms(magnitudes, 0);
            points(0, near, keep, halves[0], null);
            for (int k = 0; k < halves[0].count; k++) {
                add(halves[0].costs[k], halves[0].points[k], 0, shift, keep);
            }
        }
    }

    private void add(float cost, int first, int second, int sign, int keep) {
        if (count == keep && !(cost < costs[keep - 1])) {
            return;
        }
        int at = count < keep ? count++ : keep - 1;
        while (at > 0 && costs[at - 1] > cost) {
            costs[at] = costs[at - 1];
            points[at][0] = points[at - 1][0];
            points[at][1] = points[at - 1][1];
            signs[at] = signs[at - 1];
            at--;
        }
        costs[at] = cost;
        points[at][0] = first;
        points[at][1] = second;
        signs[at] = sign;
    }

    /** The coordinates, with signs or shift, of candidate k. */
    void coordinates(int k, float[] to) {
        for (int i = 0; i < UNIT; i++) {
            to[i] = coordinate(set, points[k][i / set.dimensions], signs[k], i);
        }
    }

    /** Makes candidate k the unit of a code that starts at a column. */
    void store(int k, Code code, int column) {
        int per = UNIT / set.dimensions;
        for (int p = 0; p < per; p++) {
            code.points[column / set.dimensions + p] = (short) points[k][p];
        }
        code.signs[column / UNIT] = (byte) signs[k];
    }

    /** The i-th of eight coordinates, with signs or shift. */
    static float coordinate(PointSet set, int index, int signs, int i) {
        int coordinate = set.coordinate(set.points[index], i % set.dimensions);
        if (!set.signed()) {
            return set.levels[signs][coordinate];
        }
        float level = set.levels[0][coordinate];
        return (signs >> i & 1) != 0 ? -level : level;
    }
}
