package org.kvant.allocate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The linear relaxation of a multiple-choice knapsack (Sinha &amp; Zoltners 1979): every item walks along the lower convex hull of its options,
 * and the steps are taken by falling gain a byte. All but one item then stand on an option.
 *
 * @param bound no choice within the ranges has a smaller cost; infinite if none fits
 * @param picks a choice that fits, or null if none does
 * @param cost of the picks
 * @param item the item that stands between two options, or -1 if the picks are optimal
 * @param upper the option above it
 */
record Relaxation(double bound, int @Nullable [] picks, double cost, int item, int upper) {
    private static final Relaxation INFEASIBLE =
            new Relaxation(Double.POSITIVE_INFINITY, null, Double.POSITIVE_INFINITY, -1, -1);

    private record Step(int item, int from, int to, long bytes, double gain) {
        double slope() {
            return gain / bytes;
        }
    }

    /**
     * @param bytes of every item's options, rising
     * @param costs of the same
     * @param from first option that an item may take
     * @param to behind the last one
     */
    static Relaxation of(long[][] bytes, double[][] costs, int[] from, int[] to, long budget) {
        int items = bytes.length;
        int[] picks = new int[items];
        long used = 0;
        double cost = 0;
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < items; i++) {
            picks[i] = hull(i, bytes[i], costs[i], from[i], to[i], steps);
            used += bytes[i][picks[i]];
            cost += costs[i][picks[i]];
        }
        if (used > budget) {
            return INFEASIBLE;
        }
        steps.sort(Comparator.comparingDouble(Step::slope).reversed());
        double bound = Double.NaN;
        int fractional = -1;
        int upper = -1;
        for (Step step : steps) {
            if (picks[step.item] != step.from) {
                continue;
            }
            if (used + step.bytes <= budget) {
                picks[step.item] = step.to;
                used += step.bytes;
                cost -= step.gain;
            } else if (fractional < 0) {
                fractional = step.item;
                upper = step.to;
                bound = cost - step.gain * (budget - used) / step.bytes;
            }
        }
        if (fractional < 0) {
            return new Relaxation(cost, picks, cost, -1, -1);
        }
        return new Relaxation(
                bound, picks, fill(bytes, costs, from, to, picks, budget - used, cost), fractional, upper);
    }

    /** Adds the steps of an item's hull, which starts at its smallest option; returns that. */
    private static int hull(int item, long[] bytes, double[] costs, int from, int to, List<Step> steps) {
        int start = from;
        for (int o = from; o < to && bytes[o] == bytes[from]; o++) {
            start = costs[o] < costs[start] ? o : start;
        }
        int[] hull = new int[to - from];
        int size = 0;
        hull[size++] = start;
        for (int o = from; o < to; o++) {
            if (bytes[o] == bytes[start] || costs[o] >= costs[hull[size - 1]]) {
                continue;
            }
            while (size > 1
                    && (bytes[o] == bytes[hull[size - 1]]
                            || slope(bytes, costs, hull[size - 2], hull[size - 1])
                                    <= slope(bytes, costs, hull[size - 1], o))) {
                size--;
            }
            hull[size++] = o;
        }
        for (int k = 1; k < size; k++) {
            int a = hull[k - 1];
            int b = hull[k];
            steps.add(new Step(item, a, b, bytes[b] - bytes[a], costs[a] - costs[b]));
        }
        return start;
    }

    private static double slope(long[] bytes, double[] costs, int a, int b) {
        return (costs[a] - costs[b]) / (bytes[b] - bytes[a]);
    }

    /** Spends what is left on any options, hull or not, the best gain a byte first; returns the cost then. */
    private static double fill(
            long[][] bytes, double[][] costs, int[] from, int[] to, int[] picks, long left, double cost) {
        while (true) {
            int best = -1;
            int bestOption = -1;
            double bestSlope = 0;
            for (int i = 0; i < picks.length; i++) {
                int now = picks[i];
                for (int o = from[i]; o < to[i]; o++) {
                    long more = bytes[i][o] - bytes[i][now];
                    double gain = costs[i][now] - costs[i][o];
                    if (gain > 0 && more <= left && gain / Math.max(more, 1) > bestSlope) {
                        best = i;
                        bestOption = o;
                        bestSlope = gain / Math.max(more, 1);
                    }
                }
            }
            if (best < 0) {
                return cost;
            }
            left -= bytes[best][bestOption] - bytes[best][picks[best]];
            cost -= costs[best][picks[best]] - costs[best][bestOption];
            picks[best] = bestOption;
        }
    }
}
