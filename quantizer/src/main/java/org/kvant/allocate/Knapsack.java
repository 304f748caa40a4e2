package org.kvant.allocate;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Picks one option for every item so that the sum of losses is least under a budget of bytes: branch and bound over the linear relaxation,
 * branching at the one item that stands between two options (Dyer, Kayal &amp; Walker 1984). Exact unless it takes more than
 * {@link #NODES} relaxations, after which the best choice found is taken; it is then within a step of one item of the optimum.
 *
 * <p>A bound on time is a second multiplier: the least one, to a part in a million, under which the choice is fast enough.
 */
final class Knapsack {
    static final int NODES = 2000;

    /** Choices closer than this to the bound, as a fraction of it, count as optimal. */
    private static final double GAP = 1e-6;

    private static final int DOUBLINGS = 80;
    private static final int BISECTIONS = 40;

    private final Option[][] options;
    private final int[][] places;
    private final long[][] bytes;
    private final double[][] losses;
    private final double[][] times;
    private final long maxBytes;
    private final double maxTime;
    private int @Nullable [] best;
    private double bestLoss = Double.POSITIVE_INFINITY;

    private record Node(double bound, int[] from, int[] to, Relaxation relaxation) {}

    private Knapsack(List<List<Option>> items, long maxBytes, double maxTime) {
        int n = items.size();
        this.maxBytes = maxBytes;
        this.maxTime = maxTime;
        options = new Option[n][];
        places = new int[n][];
        bytes = new long[n][];
        losses = new double[n][];
        times = new double[n][];
        for (int i = 0; i < n; i++) {
            List<Option> own = items.get(i);
            if (own.isEmpty()) {
                throw new IllegalArgumentException("item " + i + " has no option");
            }
            places[i] = IntStream.range(0, own.size())
                    .boxed()
                    .sorted(Comparator.comparingLong(o -> own.get(o).bytes()))
                    .mapToInt(Integer::intValue)
                    .toArray();
            options[i] = Arrays.stream(places[i]).mapToObj(own::get).toArray(Option[]::new);
            bytes[i] = Arrays.stream(options[i]).mapToLong(Option::bytes).toArray();
            losses[i] = Arrays.stream(options[i]).mapToDouble(Option::loss).toArray();
            times[i] = Arrays.stream(options[i]).mapToDouble(Option::time).toArray();
        }
    }

    /**
     * The option of each item, an index into its list.
     *
     * @return null if no choice fits
     */
    static int @Nullable [] solve(List<List<Option>> items, long maxBytes) {
        return solve(items, maxBytes, Double.POSITIVE_INFINITY);
    }

    /**
     * As {@link #solve(List, long)}, with the sum of times bounded too.
     *
     * @return null if no choice that was found fits
     */
    static int @Nullable [] solve(List<List<Option>> items, long maxBytes, double maxTime) {
        Knapsack knapsack = new Knapsack(items, maxBytes, maxTime);
        knapsack.run();
        int[] sorted = knapsack.best;
        return sorted == null
                ? null
                : IntStream.range(0, sorted.length)
                        .map(i -> knapsack.places[i][sorted[i]])
                        .toArray();
    }

    /** Bytes of the smallest choice. */
    static long leastBytes(List<List<Option>> items) {
        return items.stream()
                .mapToLong(item -> item.stream().mapToLong(Option::bytes).min().orElseThrow())
                .sum();
    }

    private void run() {
        if (search(0) || maxTime == Double.POSITIVE_INFINITY) {
            return;
        }
        // The scale at which time begins to matter is found by doubling.
        double high = scale();
        int doublings = 0;
        while (!search(high)) {
            high *= 2;
            if (++doublings == DOUBLINGS) {
                return;
            }
        }
        double low = doublings == 0 ? 0 : high / 2;
        for (int i = 0; i < BISECTIONS && high - low > 1e-6 * high; i++) {
            double middle = (low + high) / 2;
            if (search(middle)) {
                high = middle;
            } else {
                low = middle;
            }
        }
    }

    private double scale() {
        double loss = 0;
        double time = 0;
        for (int i = 0; i < losses.length; i++) {
            loss += Arrays.stream(losses[i]).min().orElse(0);
            time += Arrays.stream(times[i]).max().orElse(0);
        }
        return time > 0 && loss > 0 ? 1e-3 * loss / time : 1e-9;
    }

    /** Looks for the least loss + multiplier · time under the byte budget; returns whether the result is fast enough. */
    private boolean search(double multiplier) {
        double[][] costs = new double[losses.length][];
        for (int i = 0; i < costs.length; i++) {
            costs[i] = new double[losses[i].length];
            for (int o = 0; o < costs[i].length; o++) {
                costs[i][o] = losses[i][o] + multiplier * times[i][o];
            }
        }
        int[] from = new int[costs.length];
        int[] to = Arrays.stream(costs).mapToInt(c -> c.length).toArray();
        PriorityQueue<Node> open = new PriorityQueue<>(Comparator.comparingDouble(Node::bound));
        open.add(node(costs, from, to));
        double leastCost = Double.POSITIVE_INFINITY;
        int @Nullable [] cheapest = null;
        for (int nodes = 1; nodes < NODES && !open.isEmpty(); ) {
            Node node = open.remove();
            Relaxation relaxation = node.relaxation;
            if (node.bound >= leastCost * (1 - GAP)) {
                break;
            }
            int[] picks = relaxation.picks();
            if (picks != null) {
                consider(picks);
                if (relaxation.cost() < leastCost) {
                    leastCost = relaxation.cost();
                    cheapest = picks;
                }
            }
            int item = relaxation.item();
            if (item < 0) {
                continue;
            }
            int[] below = node.to.clone();
            below[item] = relaxation.upper();
            int[] above = node.from.clone();
            above[item] = relaxation.upper();
            open.add(node(costs, node.from, below));
            open.add(node(costs, above, node.to));
            nodes += 2;
        }
        return cheapest != null && time(cheapest) <= maxTime;
    }

    private Node node(double[][] costs, int[] from, int[] to) {
        Relaxation relaxation = Relaxation.of(bytes, costs, from, to, maxBytes);
        return new Node(relaxation.bound(), from, to, relaxation);
    }

    private void consider(int[] picks) {
        double loss = 0;
        for (int i = 0; i < picks.length; i++) {
            loss += losses[i][picks[i]];
        }
        if (loss < bestLoss && time(picks) <= maxTime) {
            bestLoss = loss;
            best = picks.clone();
        }
    }

    private double time(int[] picks) {
        double time = 0;
        for (int i = 0; i < picks.length; i++) {
            time += times[i][picks[i]];
        }
        return time;
    }
}
