package org.kvant.benchmarks.monitoring;

import java.util.concurrent.TimeUnit;
import org.kvant.api.watch.MetricsSource;
import org.kvant.engine.watch.EngineSnapshot;
import org.kvant.engine.watch.EngineState;
import org.kvant.engine.watch.ModelMemory;
import org.kvant.monitoring.BuildInfo;
import org.kvant.monitoring.EngineMetrics;
import org.kvant.monitoring.Monitoring;
import org.kvant.promptstore.PromptStoreFigures;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the decode thread pays for a token and for a decode, and what a scrape takes. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class EngineMetricsBenchmark {
    private static final EngineSnapshot SNAPSHOT = new EngineSnapshot(
            EngineState.READY,
            2,
            3,
            0,
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
            "q8_0",
            1_000_000,
            2_000,
            ModelMemory.NONE,
            ModelMemory.NONE,
            0,
            PromptStoreFigures.NONE);

    private final Monitoring monitoring = new Monitoring(BuildInfo.of("benchmark"));
    private final EngineMetrics metrics = monitoring.engine("benchmark");
    private long nanos = 1_000_000;

    public EngineMetricsBenchmark() {
        metrics.watch(() -> SNAPSHOT);
    }

    @Benchmark
    public void token() {
        // Times differ, so that the search for the bucket can't be predicted.
        nanos = (nanos * 31 + 7_919) & 0xfff_ffff;
        metrics.token("1", nanos);
    }

    @Benchmark
    public void decodeStep() {
        nanos = (nanos * 31 + 7_919) & 0xfff_ffff;
        metrics.decodeStep(4, 0, 4, nanos);
    }

    @Benchmark
    public MetricsSource.Scrape scrapeText() {
        return monitoring.scrape("text/plain");
    }

    @Benchmark
    public MetricsSource.Scrape scrapeOpenMetrics() {
        return monitoring.scrape("application/openmetrics-text");
    }
}
