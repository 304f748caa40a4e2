package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.kvant.engine.request.Outcome;
import org.kvant.engine.request.Timings;
import org.kvant.engine.request.Usage;
import org.kvant.engine.watch.EngineSnapshot;
import org.kvant.engine.watch.EngineState;
import org.kvant.engine.watch.ModelMemory;
import org.kvant.promptstore.PromptStoreFigures;

/** Prometheus' own parser and linter on what we expose. */
class PromtoolTest {

    @Test
    void theScrapeParsesAndNothingInItIsFrownedUpon() throws Exception {
        try (Monitoring monitoring = new Monitoring(BuildInfo.of("0.5.0"))) {
            EngineMetrics metrics = monitoring.engine("a \"model\" with \\ and\nnew line, ünïcode");
            metrics.watch(() -> new EngineSnapshot(
                    EngineState.READY,
                    2,
                    3,
                    1,
                    5,
                    4,
                    256,
                    128,
                    0,
                    0,
                    1024,
                    4096,
                    8192,
                    "q8_0",
                    "f16",
                    1_000_000,
                    2_000,
                    ModelMemory.NONE,
                    ModelMemory.NONE,
                    0,
                    PromptStoreFigures.NONE));
            metrics.firstToken("1", 250_000_000);
            metrics.token("1", 9_500_000);
            metrics.requestFinished("1", Outcome.STOP, new Usage(12, 4, 2), new Timings(0, 0, 0, 300_000_000));

            Promtool.Result result = Promtool.run(monitoring.scrape(), "check", "metrics");
            assertThat(result.output()).isEmpty();
            assertThat(result.exit()).isZero();
        }
    }

    @Test
    void promtoolIsNotAskedInVain() throws Exception {
        assertThat(Promtool.run("kvant_bad{ 1\n", "check", "metrics").exit()).isNotZero();
        assertThat(Promtool.run("# TYPE a_seconds_count gauge\na_seconds_count 1\n", "check", "metrics")
                        .output())
                .contains("_count");
    }
}
