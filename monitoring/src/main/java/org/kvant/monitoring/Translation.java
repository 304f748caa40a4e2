package org.kvant.monitoring;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.List;
import java.util.function.Function;

/**
 * One family of another vocabulary, made of the catalogue's values.
 *
 * @param name as the other server exposes it, {@code _total} and {@code _info} included
 * @param type its right type
 * @param help one sentence
 * @param points makes its series
 */
record Translation(String name, MetricType type, String help, Function<Reading, List<Point>> points) {

    /** One series. */
    sealed interface Point {
        Labels labels();
    }

    record Value(Labels labels, double value) implements Point {}

    record Distribution(Labels labels, HistogramDataPointSnapshot source) implements Point {}

    MetricSnapshot snapshot(Reading reading) {
        List<Point> series = points.apply(reading);
        return switch (type) {
            case COUNTER ->
                new CounterSnapshot(
                        metadata("_total"),
                        series.stream()
                                .map(Value.class::cast)
                                .map(p -> new CounterDataPointSnapshot(p.value, p.labels, null, 0))
                                .toList());
            case GAUGE ->
                new GaugeSnapshot(
                        metadata(""),
                        series.stream()
                                .map(Value.class::cast)
                                .map(p -> new GaugeDataPointSnapshot(p.value, p.labels, null))
                                .toList());
            case HISTOGRAM ->
                new HistogramSnapshot(
                        metadata(""),
                        series.stream()
                                .map(Distribution.class::cast)
                                .map(Translation::point)
                                .toList());
            case INFO ->
                new InfoSnapshot(
                        metadata("_info"),
                        series.stream()
                                .map(p -> new InfoDataPointSnapshot(p.labels()))
                                .toList());
        };
    }

    private static HistogramDataPointSnapshot point(Distribution distribution) {
        return new HistogramDataPointSnapshot(
                distribution.source.getClassicBuckets(),
                distribution.source.getSum(),
                distribution.labels,
                distribution.source.getExemplars(),
                0);
    }

    private MetricMetadata metadata(String suffix) {
        return new MetricMetadata(name.substring(0, name.length() - suffix.length()), help);
    }
}
