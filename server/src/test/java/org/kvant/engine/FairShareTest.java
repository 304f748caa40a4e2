package org.kvant.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FairShareTest {
    private static int[] split(int budget, int first, int... wants) {
        int[] shares = new int[wants.length];
        FairShare.split(wants, wants.length, budget, first, shares);
        return shares;
    }

    @Test
    void allGetWhatTheyWantIfThereIsEnough() {
        assertThat(split(100, 0, 10, 20, 30)).containsExactly(10, 20, 30);
    }

    @Test
    void shortOnesGetThroughAndLongOnesGetEqualParts() {
        assertThat(split(100, 0, 10, 2000, 3000)).containsExactly(10, 45, 45);
    }

    @Test
    void turnsDecideWhoGetsTheRest() {
        assertThat(split(10, 0, 100, 100, 100)).containsExactly(4, 3, 3);
        assertThat(split(10, 2, 100, 100, 100)).containsExactly(3, 3, 4);
    }

    @Test
    void fewerTokensThanPrompts() {
        assertThat(split(1, 1, 5, 5, 5)).containsExactly(0, 1, 0);
    }

    @Test
    void nobodyWants() {
        assertThat(split(10, 1, 0, 0)).containsExactly(0, 0);
        assertThat(split(0, 0, 4)).containsExactly(0);
    }

    /** Max-min fairness: everything is given away, and nobody who wants more has clearly less than another. */
    @Test
    void randomWants() {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 2000; round++) {
            int[] wants = random.ints(1 + random.nextInt(8), 0, 300).toArray();
            int budget = random.nextInt(600);
            int[] shares = split(budget, random.nextInt(wants.length), wants);
            assertThat(Arrays.stream(shares).sum())
                    .as("seed %d", seed)
                    .isEqualTo(Math.min(budget, Arrays.stream(wants).sum()));
            int most = Arrays.stream(shares).max().orElseThrow();
            for (int i = 0; i < wants.length; i++) {
                assertThat(shares[i]).isBetween(0, wants[i]);
                if (shares[i] < wants[i]) {
                    assertThat(shares[i]).as("seed %d", seed).isGreaterThanOrEqualTo(most - 1);
                }
            }
        }
    }
}
