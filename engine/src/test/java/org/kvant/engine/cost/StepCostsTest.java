package org.kvant.engine.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class StepCostsTest {
    private static final double MILLI = 1e6;

    @Test
    void guessesBeforeAnythingIsMeasured() {
        StepCosts costs = new StepCosts();
        assertThat(costs.nanos(1)).isEqualTo(1);
        assertThat(costs.nanos(5)).isEqualTo(2);
    }

    /** Two tokens at twice the price of one say nothing about seventeen: that is found out by trying. */
    @Test
    void aDearSecondTokenDoesNotMakeAllDear() {
        StepCosts costs = new StepCosts();
        for (int i = 0; i < 50; i++) {
            costs.measured(1, 8_600_000);
            costs.measured(2, 17_000_000);
        }
        assertThat(costs.nanos(2)).isCloseTo(17 * MILLI, within(MILLI));
        assertThat(costs.nanos(17)).isBetween(40 * MILLI, 80 * MILLI);
        costs.measured(17, 166_000_000);
        assertThat(costs.nanos(17)).as("tried again").isBetween(40 * MILLI, 80 * MILLI);
        costs.measured(17, 66_000_000);
        costs.measured(17, 66_000_000);
        assertThat(costs.nanos(17)).isCloseTo(66 * MILLI, within(5 * MILLI));
        assertThat(costs.nanos(9)).isBetween(17 * MILLI, 66 * MILLI);
    }

    /** With a context that grows, sizes that were not seen lately grow as well. */
    @Test
    void whatMakesOneSizeDearerMakesAllDearer() {
        StepCosts costs = new StepCosts();
        for (int i = 0; i < 20; i++) {
            costs.measured(1, 6_000_000);
            costs.measured(9, 24_000_000);
        }
        for (int i = 0; i < 200; i++) {
            costs.measured(1, 12_000_000);
        }
        assertThat(costs.nanos(1)).isCloseTo(12 * MILLI, within(MILLI));
        assertThat(costs.nanos(9)).isGreaterThan(28 * MILLI);
    }

    @Test
    void aPauseOfTheMachineIsSoonForgotten() {
        StepCosts costs = new StepCosts();
        for (int i = 0; i < 20; i++) {
            costs.measured(1, 6_000_000);
        }
        costs.measured(1, 900_000_000);
        assertThat(costs.nanos(1)).isLessThan(9 * MILLI);
        for (int i = 0; i < 20; i++) {
            costs.measured(1, 6_000_000);
        }
        assertThat(costs.nanos(1)).isCloseTo(6 * MILLI, within(0.3 * MILLI));
    }

    @Test
    void smallerAndLargerSizesFollowFromOne() {
        StepCosts costs = new StepCosts();
        costs.measured(16, 40_000_000);
        assertThat(costs.nanos(1)).isBetween(5 * MILLI, 20 * MILLI);
        assertThat(costs.nanos(32)).isBetween(40 * MILLI, 80 * MILLI);
        assertThat(costs.nanos(128)).isGreaterThan(costs.nanos(64));
    }

    @Test
    void followsAnyMeasuredCurve() {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        StepCosts costs = new StepCosts();
        for (int i = 0; i < 3000; i++) {
            measure(costs, 1 + random.nextInt(17), random);
        }
        // One that has not come up for long is guessed on purpose too cheap until it has been tried again.
        for (int i = 0; i < 3 * 17; i++) {
            measure(costs, 1 + i % 17, random);
        }
        for (int tokens = 1; tokens <= 17; tokens++) {
            double truth = stair(tokens);
            assertThat(costs.nanos(tokens))
                    .as("seed %d, %d tokens", seed, tokens)
                    .isBetween(0.85 * truth, 1.15 * truth);
        }
    }

    /** Fours are computed together. */
    private static double stair(int tokens) {
        return (4 + Math.ceil(tokens / 4.0) * 6) * MILLI;
    }

    private static void measure(StepCosts costs, int tokens, Random random) {
        costs.measured(tokens, (long) (stair(tokens) * (0.9 + 0.2 * random.nextDouble())));
    }

    /** Fours are computed together, the rest one by one: what is measured then decides, for sizes never measured as well. */
    @Test
    void fillingPaysWhereWholeFoursAreFaster() {
        StepCosts costs = new StepCosts();
        assertThat(costs.fillingPays(15, 16, 4)).as("to be tried").isTrue();
        for (int round = 0; round < 3; round++) {
            costs.measured(16, 38_000_000);
        }
        assertThat(costs.fillingPays(15, 16, 4))
                .as("the other one is to be tried")
                .isFalse();
        for (int round = 0; round < 20; round++) {
            for (int tokens = 1; tokens <= 16; tokens++) {
                costs.measured(tokens, (long) ((2 + tokens / 4 * 9 + tokens % 4 * 4) * MILLI));
            }
        }
        assertThat(costs.fillingPays(15, 16, 4)).isTrue();
        assertThat(costs.fillingPays(14, 16, 4)).isFalse();
        assertThat(costs.fillingPays(13, 16, 4)).isFalse();
        assertThat(costs.fillingPays(71, 72, 4)).isTrue();
        assertThat(costs.fillingPays(70, 72, 4)).isFalse();
    }
}
