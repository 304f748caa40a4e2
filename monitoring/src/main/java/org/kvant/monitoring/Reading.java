package org.kvant.monitoring;

import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The catalogue's values in one scrape, by metric. */
final class Reading {
    private final Map<Metric, List<DataPointSnapshot>> points = new EnumMap<>(Metric.class);

    /** @param snapshots families named as the catalogue names them */
    Reading(MetricSnapshots snapshots) {
        for (Metric metric : Metric.values()) {
            points.put(metric, new ArrayList<>());
        }
        for (MetricSnapshot snapshot : snapshots) {
            Metric.ofFamilyName(snapshot.getMetadata().getPrometheusName())
                    .ifPresent(metric -> points(metric).addAll(snapshot.getDataPoints()));
        }
    }

    /** The models, in the order of their names. */
    List<String> models() {
        return points(Metric.GENERATED_TOKENS).stream()
                .map(point -> label(point, Label.MODEL))
                .filter(Objects::nonNull)
                .sorted()
                .toList();
    }

    /** Sum of a model's counters or gauges. */
    double sum(Metric metric, String model) {
        return of(metric, model).mapToDouble(Reading::number).sum();
    }

    /** Sum of a model's counters or gauges with one value of one label. */
    double sum(Metric metric, String model, Label label, String value) {
        return of(metric, model)
                .filter(point -> value.equals(label(point, label)))
                .mapToDouble(Reading::number)
                .sum();
    }

    /** Sum of the process' counters or gauges. */
    double sum(Metric metric) {
        return points(metric).stream().mapToDouble(Reading::number).sum();
    }

    /** Values that a label has at a model, in order. */
    List<String> values(Metric metric, String model, Label label) {
        return of(metric, model)
                .map(point -> label(point, label))
                .filter(Objects::nonNull)
                .distinct()
                .sorted()
                .toList();
    }

    /** A model's histogram. */
    HistogramDataPointSnapshot histogram(Metric metric, String model) {
        return of(metric, model)
                .map(HistogramDataPointSnapshot.class::cast)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(metric + " of " + model + " isn't registered"));
    }

    private Stream<DataPointSnapshot> of(Metric metric, String model) {
        return points(metric).stream().filter(point -> model.equals(label(point, Label.MODEL)));
    }

    private List<DataPointSnapshot> points(Metric metric) {
        return Objects.requireNonNull(points.get(metric), "made for every constant");
    }

    private static @Nullable String label(DataPointSnapshot point, Label label) {
        return point.getLabels().get(label.label());
    }

    private static double number(DataPointSnapshot point) {
        return switch (point) {
            case CounterDataPointSnapshot counter -> counter.getValue();
            case GaugeDataPointSnapshot gauge -> gauge.getValue();
            default -> throw new IllegalArgumentException(point.getClass() + " has no single value");
        };
    }
}
