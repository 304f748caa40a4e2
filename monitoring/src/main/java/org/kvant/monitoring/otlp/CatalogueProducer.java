package org.kvant.monitoring.otlp;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.Data;
import io.opentelemetry.sdk.metrics.data.DoublePointData;
import io.opentelemetry.sdk.metrics.data.GaugeData;
import io.opentelemetry.sdk.metrics.data.HistogramData;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.MetricDataType;
import io.opentelemetry.sdk.metrics.data.SumData;
import io.opentelemetry.sdk.metrics.export.MetricProducer;
import io.opentelemetry.sdk.resources.Resource;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.Label;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.kvant.monitoring.Metric;
import org.kvant.monitoring.MetricType;
import org.kvant.monitoring.MetricUnit;

/**
 * The catalogue in OpenTelemetry's form, read anew for each export; nothing is measured twice. Names lose their unit, which OTLP has a field for, and
 * get a dot behind {@code kvant}: a receiver that makes Prometheus' names of them ends up with the catalogue's.
 */
final class CatalogueProducer implements MetricProducer {
    private final Supplier<MetricSnapshots> catalogue;
    private final InstrumentationScopeInfo scope;
    private final long start = epochNanos();

    CatalogueProducer(Supplier<MetricSnapshots> catalogue, String version) {
        this.catalogue = catalogue;
        scope = InstrumentationScopeInfo.builder("kvant").setVersion(version).build();
    }

    /** One metric with its points. */
    private record Converted(
            Resource resource,
            InstrumentationScopeInfo scope,
            String name,
            String description,
            String unit,
            MetricDataType type,
            Data<?> data)
            implements MetricData {
        @Override
        public Resource getResource() {
            return resource;
        }

        @Override
        public InstrumentationScopeInfo getInstrumentationScopeInfo() {
            return scope;
        }

        @Override
        public String getName() {
            return name;
        }

        @Override
        public String getDescription() {
            return description;
        }

        @Override
        public String getUnit() {
            return unit;
        }

        @Override
        public MetricDataType getType() {
            return type;
        }

        @Override
        public Data<?> getData() {
            return data;
        }
    }

    @Override
    public Collection<MetricData> produce(Resource resource) {
        long now = epochNanos();
        List<MetricData> all = new ArrayList<>();
        for (MetricSnapshot snapshot : catalogue.get()) {
            metric(snapshot).ifPresent(metric -> all.add(convert(resource, metric, snapshot, now)));
        }
        return all;
    }

    private static Optional<Metric> metric(MetricSnapshot snapshot) {
        String family = snapshot.getMetadata().getPrometheusName();
        return switch (snapshot) {
            case CounterSnapshot _ -> Metric.ofName(family + "_total");
            case InfoSnapshot _ -> Metric.ofName(family + "_info");
            default -> Metric.ofName(family).or(() -> Metric.ofName(family + "_info"));
        };
    }

    private Converted convert(Resource resource, Metric metric, MetricSnapshot snapshot, long now) {
        Data<?> data;
        MetricDataType type;
        switch (snapshot) {
            case HistogramSnapshot histogram -> {
                type = MetricDataType.HISTOGRAM;
                data = HistogramData.create(
                        AggregationTemporality.CUMULATIVE,
                        histogram.getDataPoints().stream()
                                .map(point -> histogram(point, now))
                                .toList());
            }
            case CounterSnapshot counter -> {
                type = MetricDataType.DOUBLE_SUM;
                data = SumData.createDoubleSumData(
                        true,
                        AggregationTemporality.CUMULATIVE,
                        points(counter.getDataPoints(), CounterSnapshot.CounterDataPointSnapshot::getValue, now));
            }
            case GaugeSnapshot gauge -> {
                type = MetricDataType.DOUBLE_GAUGE;
                data = GaugeData.createDoubleGaugeData(
                        points(gauge.getDataPoints(), GaugeSnapshot.GaugeDataPointSnapshot::getValue, now));
            }
            default -> {
                type = MetricDataType.DOUBLE_GAUGE;
                data = GaugeData.createDoubleGaugeData(points(snapshot.getDataPoints(), _ -> 1.0, now));
            }
        }
        return new Converted(resource, scope, name(metric), metric.help(), unit(metric.unit()), type, data);
    }

    private <P extends DataPointSnapshot> List<DoublePointData> points(
            List<? extends P> points, Function<P, Double> value, long now) {
        return points.stream()
                .map(point -> DoublePointData.create(start, now, attributes(point), value.apply(point), List.of()))
                .toList();
    }

    private HistogramPointData histogram(HistogramDataPointSnapshot point, long now) {
        ClassicHistogramBuckets buckets = point.getClassicBuckets();
        List<Double> bounds = new ArrayList<>();
        List<Long> counts = new ArrayList<>();
        for (int i = 0; i < buckets.size(); i++) {
            counts.add(buckets.getCount(i));
            if (buckets.getUpperBound(i) != Double.POSITIVE_INFINITY) {
                bounds.add(buckets.getUpperBound(i));
            }
        }
        return HistogramPointData.create(
                start, now, attributes(point), point.getSum(), false, 0, false, 0, bounds, counts);
    }

    private static Attributes attributes(DataPointSnapshot point) {
        AttributesBuilder attributes = Attributes.builder();
        for (Label label : point.getLabels()) {
            attributes.put(label.getName(), label.getValue());
        }
        return attributes.build();
    }

    /** {@code kvant_request_queue_seconds} is {@code kvant.request_queue} in {@code s}. */
    static String name(Metric metric) {
        String name = metric.exposedName().replaceFirst("^kvant_", "kvant.");
        if (metric.type() == MetricType.COUNTER) {
            name = name.replaceFirst("_total$", "");
        }
        return switch (metric.unit()) {
            case SECONDS -> name.replaceFirst("_seconds$", "");
            case BYTES -> name.replaceFirst("_bytes$", "");
            default -> name;
        };
    }

    /** In the Unified Code for Units of Measure, what is counted in braces. */
    private static String unit(MetricUnit unit) {
        return switch (unit) {
            case SECONDS -> "s";
            case BYTES -> "By";
            case TOKENS -> "{token}";
            case REQUESTS -> "{request}";
            case CELLS -> "{cell}";
            case THREADS -> "{thread}";
            case NONE -> "";
        };
    }

    private static long epochNanos() {
        Instant now = Instant.now();
        return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    }
}
