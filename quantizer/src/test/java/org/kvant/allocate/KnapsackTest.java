package org.kvant.allocate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KnapsackTest {
    private final Random random = Seed.random();

    @Test
    void isOptimalUnderAByteBudget() {
        for (int round = 0; round < 400; round++) {
            List<List<Option>> items = items(1 + random.nextInt(6), 5, random.nextBoolean());
            long budget = Knapsack.leastBytes(items) + random.nextInt(200);
            int[] picks = required(Knapsack.solve(items, budget));
            assertThat(bytes(items, picks)).isLessThanOrEqualTo(budget);
            assertThat(loss(items, picks))
                    .as("round %d", round)
                    .isCloseTo(bruteForce(items, budget, Double.POSITIVE_INFINITY), within(1e-5));
        }
    }

    @Test
    void findsNothingWhereNothingFits() {
        for (int round = 0; round < 50; round++) {
            List<List<Option>> items = items(5, 4, true);
            long least = Knapsack.leastBytes(items);
            assertThat(Knapsack.solve(items, least - 1)).isNull();
            assertThat(bytes(items, required(Knapsack.solve(items, least)))).isEqualTo(least);
        }
    }

    @Test
    void staysUnderATimeBudgetAndNearTheOptimum() {
        double excess = 0;
        int solved = 0;
        for (int round = 0; round < 200; round++) {
            List<List<Option>> items = items(6, 5, true);
            long budget = Knapsack.leastBytes(items) + 50 + random.nextInt(200);
            int[] fastest = items.stream().mapToInt(KnapsackTest::fastest).toArray();
            double maxTime = time(items, fastest) * (1.1 + random.nextDouble());
            double optimum = bruteForce(items, budget, maxTime);
            int[] picks = Knapsack.solve(items, budget, maxTime);
            if (Double.isInfinite(optimum)) {
                assertThat(picks).isNull();
                continue;
            }
            if (picks == null) {
                continue; // the multiplier reaches no choice that only a mixture of constraints allows
            }
            solved++;
            assertThat(bytes(items, picks)).isLessThanOrEqualTo(budget);
            assertThat(time(items, picks)).isLessThanOrEqualTo(maxTime);
            assertThat(loss(items, picks)).isGreaterThanOrEqualTo(optimum - 1e-9);
            excess += loss(items, picks) / optimum - 1;
        }
        assertThat(solved).isGreaterThan(150);
        assertThat(excess / solved).isLessThan(0.1);
    }

    @Test
    void fillsALargeBudgetAlmostWholly() {
        List<List<Option>> items = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            List<Option> options = new ArrayList<>();
            double sensitivity = Math.exp(random.nextGaussian());
            long size = 1000 + random.nextInt(100_000);
            for (int bits = 2; bits <= 16; bits++) {
                options.add(new Option(
                        size * bits / 8, sensitivity * Math.pow(0.3, bits) * (0.9 + 0.2 * random.nextDouble()), 0));
            }
            items.add(options);
        }
        long least = Knapsack.leastBytes(items);
        for (double factor : new double[] {1.1, 1.7, 2.9, 5}) {
            long budget = (long) (least * factor);
            int[] picks = required(Knapsack.solve(items, budget));
            assertThat(bytes(items, picks)).isBetween((long) (0.999 * budget), budget);
        }
    }

    private List<List<Option>> items(int count, int most, boolean convex) {
        List<List<Option>> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<Option> options = new ArrayList<>();
            int n = 1 + random.nextInt(most);
            for (int o = 0; o < n; o++) {
                long bytes = 10 + random.nextInt(60);
                double loss = convex ? 100.0 / bytes * (0.5 + random.nextDouble()) : random.nextInt(20);
                options.add(new Option(bytes, loss, 1 + random.nextInt(30)));
            }
            items.add(options);
        }
        return items;
    }

    private static int fastest(List<Option> item) {
        int best = 0;
        for (int o = 1; o < item.size(); o++) {
            best = item.get(o).time() < item.get(best).time() ? o : best;
        }
        return best;
    }

    private static double bruteForce(List<List<Option>> items, long maxBytes, double maxTime) {
        int[] picks = new int[items.size()];
        double best = Double.POSITIVE_INFINITY;
        while (true) {
            if (bytes(items, picks) <= maxBytes && time(items, picks) <= maxTime) {
                best = Math.min(best, loss(items, picks));
            }
            int i = 0;
            while (i < picks.length && ++picks[i] == items.get(i).size()) {
                picks[i++] = 0;
            }
            if (i == picks.length) {
                return best;
            }
        }
    }

    private static int[] required(int @Nullable [] picks) {
        assertThat(picks).isNotNull();
        return java.util.Objects.requireNonNull(picks);
    }

    private static long bytes(List<List<Option>> items, int[] picks) {
        long sum = 0;
        for (int i = 0; i < picks.length; i++) {
            sum += items.get(i).get(picks[i]).bytes();
        }
        return sum;
    }

    private static double loss(List<List<Option>> items, int[] picks) {
        double sum = 0;
        for (int i = 0; i < picks.length; i++) {
            sum += items.get(i).get(picks[i]).loss();
        }
        return sum;
    }

    private static double time(List<List<Option>> items, int[] picks) {
        double sum = 0;
        for (int i = 0; i < picks.length; i++) {
            sum += items.get(i).get(picks[i]).time();
        }
        return sum;
    }
}
