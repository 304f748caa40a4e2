package org.kvant.engine.cost;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PromptBudgetTest {
    private static final long MILLI = 1_000_000;

    @Test
    void followsTheMeasuredSpeed() {
        PromptBudget budget = new PromptBudget(512, 100 * MILLI);
        for (int i = 0; i < 50; i++) {
            budget.measured(100, 100 * MILLI);
        }
        assertThat(budget.tokens(4, 1, 2048)).isEqualTo(100);
        for (int i = 0; i < 50; i++) {
            budget.measured(100, 50 * MILLI);
        }
        assertThat(budget.tokens(4, 1, 2048)).isBetween(199, 200);
    }

    @Test
    void staysWithinItsBounds() {
        PromptBudget fast = new PromptBudget(512, 100 * MILLI);
        fast.measured(2000, MILLI);
        assertThat(fast.tokens(4, 1, 2048)).isEqualTo(512);

        PromptBudget slow = new PromptBudget(512, 100 * MILLI);
        slow.measured(100, 100_000 * MILLI);
        assertThat(slow.tokens(4, 1, 2048)).isEqualTo(PromptBudget.MINIMUM);

        PromptBudget tiny = new PromptBudget(4, 100 * MILLI);
        tiny.measured(100, 100_000 * MILLI);
        assertThat(tiny.tokens(4, 1, 2048)).isEqualTo(4);
    }

    @Test
    void longerStepsWhereMoreWaitForTheirFirstToken() {
        PromptBudget budget = new PromptBudget(512, 100 * MILLI);
        budget.measured(100, 100 * MILLI);
        assertThat(budget.tokens(12, 4, 2048)).isEqualTo(100);
        assertThat(budget.tokens(8, 4, 2048)).isEqualTo(150);
        assertThat(budget.tokens(1, 15, 2048)).isEqualTo(400);
        assertThat(budget.tokens(0, 15, 2048)).isEqualTo(400);
        assertThat(budget.tokens(1, 15, 300)).isEqualTo(300);
    }

    @Test
    void decodesWithHardlyAnyPromptSayNothing() {
        PromptBudget budget = new PromptBudget(512, 100 * MILLI);
        int before = budget.tokens(4, 1, 2048);
        budget.measured(1, 1000 * MILLI);
        budget.measured(0, 1000 * MILLI);
        assertThat(budget.tokens(4, 1, 2048)).isEqualTo(before);
    }

    @Test
    void tilesAreAllowedUpToTheLongestStep() {
        PromptBudget budget = new PromptBudget(512, 100 * MILLI);
        assertThat(budget.allows(64)).as("nothing is known").isTrue();
        budget.measured(64, 64 * 6_000_000L);
        assertThat(budget.allows(64)).isTrue();
        assertThat(budget.allows(128)).isFalse();
        assertThat(new PromptBudget(32, 100 * MILLI).allows(64)).isFalse();
    }
}
