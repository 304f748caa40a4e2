package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PromptOrderTest {
    private static final long MILLI = 1_000_000;

    private static int[] order(long[]... prompts) {
        PromptOrder order = new PromptOrder(prompts.length);
        for (int i = 0; i < prompts.length; i++) {
            order.add(i, (int) prompts[i][0], prompts[i][1] * MILLI, prompts[i][2] * MILLI);
        }
        return IntStream.range(0, order.size()).map(order::get).toArray();
    }

    @Test
    void equalOnesInTheOrderOfTheirComing() {
        assertThat(order(new long[] {0, 20, 500}, new long[] {0, 10, 500}, new long[] {0, 30, 500}))
                .containsExactly(1, 0, 2);
    }

    @Test
    void aShortOneOvertakesALongOne() {
        assertThat(order(new long[] {0, 0, 5000}, new long[] {0, 3000, 100})).containsExactly(1, 0);
    }

    @Test
    void aLongOneIsNotPutOffForEver() {
        long due = PromptOrder.PATIENCE * 5000L;
        assertThat(order(new long[] {0, 0, 5000}, new long[] {0, due + 1, 100})).containsExactly(0, 1);
    }

    @Test
    void priorityComesFirst() {
        assertThat(order(new long[] {1, 0, 1}, new long[] {0, 900, 9000}, new long[] {-1, 1000, 9000}))
                .containsExactly(2, 1, 0);
    }

    /** {@link System#nanoTime()} may pass from the largest to the smallest long. */
    @Test
    void timesThatOverflow() {
        PromptOrder order = new PromptOrder(2);
        order.add(0, 0, Long.MIN_VALUE + 5, 0);
        order.add(1, 0, Long.MAX_VALUE - 5, 0);
        assertThat(order.get(0)).isEqualTo(1);
    }

    @Test
    void sameAsSorting() {
        long seed = Long.getLong("kvant.seed", System.nanoTime());
        System.out.println("kvant.seed=" + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 500; round++) {
            long[][] prompts = new long[1 + random.nextInt(16)][];
            for (int i = 0; i < prompts.length; i++) {
                prompts[i] = new long[] {random.nextInt(3), random.nextInt(1000), random.nextInt(100)};
            }
            int[] sorted = IntStream.range(0, prompts.length)
                    .boxed()
                    .sorted((a, b) -> prompts[a][0] != prompts[b][0]
                            ? Long.compare(prompts[a][0], prompts[b][0])
                            : Long.compare(due(prompts[a]), due(prompts[b])))
                    .mapToInt(i -> i)
                    .toArray();
            assertThat(order(prompts))
                    .as("seed %d: %s", seed, Arrays.deepToString(prompts))
                    .containsExactly(sorted);
        }
    }

    private static long due(long[] prompt) {
        return prompt[1] + PromptOrder.PATIENCE * prompt[2];
    }
}
