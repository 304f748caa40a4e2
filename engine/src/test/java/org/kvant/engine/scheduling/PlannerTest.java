package org.kvant.engine.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.kvant.engine.cost.PromptBudget;

class PlannerTest {
    @Test
    void theEndOfAPromptComesAlong() {
        assertThat(Planner.share(80, 60, true, 500)).isEqualTo(80);
        assertThat(Planner.share(90, 60, false, 500)).isEqualTo(90);
        assertThat(Planner.share(91, 60, true, 500)).isEqualTo(60);
    }

    @Test
    void neverMoreThanFitsIntoTheBatch() {
        assertThat(Planner.share(80, 60, true, 79)).isEqualTo(60);
        assertThat(Planner.share(80, 60, true, 80)).isEqualTo(80);
    }

    @Test
    void aSmallBeginningWaits() {
        assertThat(Planner.share(200, PromptBudget.MINIMUM - 1, false, 500)).isZero();
        assertThat(Planner.share(200, PromptBudget.MINIMUM - 1, true, 500)).isEqualTo(PromptBudget.MINIMUM - 1);
        assertThat(Planner.share(200, PromptBudget.MINIMUM, false, 500)).isEqualTo(PromptBudget.MINIMUM);
        assertThat(Planner.share(20, 14, false, 500)).isEqualTo(20);
    }
}
