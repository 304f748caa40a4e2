package org.kvant.monitoring.otlp;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.context.Context;
import java.util.List;
import org.kvant.engine.request.Finish;

/** The server metrics of OpenTelemetry's GenAI conventions, with the bounds that these recommend. Thread-safe. */
final class GenAiMetrics {
    private static final double NANOS = 1e9;

    private final DoubleHistogram duration;
    private final DoubleHistogram firstToken;
    private final DoubleHistogram perToken;

    GenAiMetrics(Meter meter) {
        duration = histogram(
                meter,
                "gen_ai.server.request.duration",
                "Generative AI server request duration such as time-to-last byte or last output token.",
                List.of(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92));
        firstToken = histogram(
                meter,
                "gen_ai.server.time_to_first_token",
                "Time to generate first token for successful responses.",
                List.of(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0));
        perToken = histogram(
                meter,
                "gen_ai.server.time_per_output_token",
                "Time per output token generated after the first token for successful responses.",
                List.of(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5));
    }

    private static DoubleHistogram histogram(Meter meter, String name, String description, List<Double> bounds) {
        return meter.histogramBuilder(name)
                .setUnit("s")
                .setDescription(description)
                .setExplicitBucketBoundariesAdvice(bounds)
                .build();
    }

    /** A request ended, {@code nanos} after it came. */
    void ended(long nanos, Attributes attributes, Context context) {
        duration.record(nanos / NANOS, attributes, context);
    }

    /**
     * A generation ended as it should.
     *
     * @param untilFirst nanoseconds from the request's arrival to the first token
     */
    void generated(Finish finish, long untilFirst, Attributes attributes, Context context) {
        int tokens = finish.usage().completionTokens();
        if (tokens > 0) {
            firstToken.record(untilFirst / NANOS, attributes, context);
        }
        if (tokens > 1) {
            perToken.record(finish.timings().decodeNanos() / NANOS / (tokens - 1), attributes, context);
        }
    }
}
