package org.kvant.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvant.engine.Engine;
import org.kvant.engine.scheduling.SchedulerHarness;
import org.kvant.engine.settings.CpuThreads;
import org.kvant.engine.settings.EngineOptions;
import org.kvant.engine.watch.EngineListener;
import org.kvant.engine.watch.EngineState;
import org.kvant.testkit.DemoModel;

class ThreadTrialTest {
    @Test
    void triesTheUsualNumberFirstAndThenThoseNearIt() {
        assertThat(ThreadTrial.candidates(1, 1)).containsExactly(1);
        assertThat(ThreadTrial.candidates(2, 2)).containsExactly(2, 1);
        assertThat(ThreadTrial.candidates(8, 16)).containsExactly(8, 6, 4, 12, 3, 2, 1, 16);
        assertThat(ThreadTrial.candidates(6, 7)).containsExactly(6, 7, 4, 3, 2, 1);
        // More than may be used is never tried, whatever is usual.
        assertThat(ThreadTrial.candidates(9, 4)).containsExactly(4, 3, 2, 1);
    }

    @Test
    void takesAnotherNumberOnlyIfItIsClearlyFaster() {
        List<Integer> counts = List.of(4, 2, 8);
        assertThat(ThreadTrial.fastest(counts, List.of(List.of(100L, 90L, 5000L), List.of(97L), List.of(120L))))
                .isEqualTo(4);
        assertThat(ThreadTrial.fastest(counts, List.of(List.of(100L), List.of(90L, 91L), List.of(80L, 85L))))
                .isEqualTo(8);
        assertThat(ThreadTrial.fastest(counts, List.of(List.of(100L), List.of(50L), List.of())))
                .isEqualTo(2);
        assertThat(ThreadTrial.fastest(counts, List.of(List.of(), List.of(), List.of())))
                .isEqualTo(4);
    }

    @Test
    void leavesTheContextAsItWasButForItsThreads() throws IOException {
        try (SchedulerHarness harness =
                new SchedulerHarness(SchedulerHarness.context(2, 1024).build())) {
            int[] prompt = harness.tokens("Once upon a time there was a cat");
            String before = harness.alone(prompt, 20);
            harness.forgetEverything();
            ThreadTrial.run(harness.loaded.context, 1, 3);
            assertThat(harness.loaded.context().threads()).isBetween(1, 3);
            assertThat(harness.loaded.context().threadsBatch()).isBetween(1, 3);
            harness.checkCells();
            assertThat(harness.alone(prompt, 20)).isEqualTo(before);
        }
    }

    @Test
    void anEngineMayMeasure() throws Exception {
        EngineOptions options = EngineOptions.builder()
                .natives(DemoModel.natives())
                .measureThreads(true)
                .build();
        try (Engine engine = Engine.start(DemoModel.file(), options, EngineListener.NONE)) {
            assertThat(engine.awaitReady(Duration.ofMinutes(1))).isEqualTo(EngineState.READY);
            assertThat(engine.threads().tokens()).isBetween(1, CpuThreads.usable());
            assertThat(engine.threads().prompts()).isBetween(1, CpuThreads.usable());
        }
    }
}
