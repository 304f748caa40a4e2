package org.kvant.monitoring;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/** Registers the catalogue's metrics as Micrometer meters and takes them away again. Not thread-safe. */
final class Meters {
    private static final double NANOS_PER_SECOND = 1e9;

    private final MeterRegistry registry;
    private final List<Meter> registered = new ArrayList<>();

    Meters(MeterRegistry registry) {
        this.registry = registry;
    }

    /** A histogram of seconds. */
    Timer timer(Metric metric, String... labelValues) {
        require(metric, MetricType.HISTOGRAM, MetricUnit.SECONDS);
        Duration[] bounds = Arrays.stream(metric.buckets().bounds())
                .mapToObj(seconds -> Duration.ofNanos(Math.round(seconds * NANOS_PER_SECOND)))
                .toArray(Duration[]::new);
        return keep(Timer.builder(metric.meterName())
                .description(metric.help())
                .tags(metric.tags(labelValues))
                .serviceLevelObjectives(bounds)
                .register(registry));
    }

    /** A histogram of anything but seconds. */
    DistributionSummary summary(Metric metric, String... labelValues) {
        require(metric, MetricType.HISTOGRAM, metric.unit());
        return keep(DistributionSummary.builder(metric.meterName())
                .description(metric.help())
                .baseUnit(metric.baseUnit())
                .tags(metric.tags(labelValues))
                .serviceLevelObjectives(metric.buckets().bounds())
                .register(registry));
    }

    Counter counter(Metric metric, String... labelValues) {
        require(metric, MetricType.COUNTER, metric.unit());
        return keep(Counter.builder(metric.meterName())
                .description(metric.help())
                .baseUnit(metric.baseUnit())
                .tags(metric.tags(labelValues))
                .register(registry));
    }

    /**
     * A counter that something else counts.
     *
     * @param value must never fall; Micrometer holds it weakly, so the caller must hold it as long as it is to count
     */
    void counter(Metric metric, Supplier<Number> value, String... labelValues) {
        require(metric, MetricType.COUNTER, metric.unit());
        keep(FunctionCounter.builder(metric.meterName(), value, s -> s.get().doubleValue())
                .description(metric.help())
                .baseUnit(metric.baseUnit())
                .tags(metric.tags(labelValues))
                .register(registry));
    }

    void gauge(Metric metric, Supplier<Number> value, String... labelValues) {
        if (metric.type() != MetricType.INFO) {
            require(metric, MetricType.GAUGE, metric.unit());
        }
        keep(Gauge.builder(metric.meterName(), value)
                .description(metric.help())
                .baseUnit(metric.baseUnit())
                .tags(metric.tags(labelValues))
                .strongReference(true)
                .register(registry));
    }

    /** Takes everything that was registered here out of the registry. */
    void removeAll() {
        registered.forEach(registry::remove);
        registered.clear();
    }

    private <M extends Meter> M keep(M meter) {
        registered.add(meter);
        return meter;
    }

    private static void require(Metric metric, MetricType type, MetricUnit unit) {
        if (metric.type() != type || metric.unit() != unit) {
            throw new IllegalArgumentException(metric + " is a " + metric.type().label() + " of "
                    + metric.unit().label());
        }
    }
}
