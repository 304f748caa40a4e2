package org.kvant.monitoring;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplar;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes metrics in one format, byte for byte as Prometheus' own client does. What precedes a number stays the same from scrape to scrape and is nearly
 * all of the text, so it is kept: a scrape copies it and makes numbers only. That is little code, too: at one scrape a second the JVM takes many minutes
 * to compile what a scrape runs. Thread-safe.
 */
final class ExpositionWriter {
    private final ExpositionFormat format;
    private volatile Map<String, Family> known = Map.of();
    private volatile int size = 1 << 12;

    ExpositionWriter(ExpositionFormat format) {
        this.format = format;
    }

    /** A family's lines without their numbers. */
    private record Family(byte[] head, Map<Labels, Series> series) {}

    /** @param lines what precedes the numbers: of buckets in order, count and sum, or the single one */
    private record Series(byte[][] lines) {}

    /** @param snapshots counters, gauges, infos and histograms with fixed buckets, in the order in which they are to appear */
    byte[] write(Iterable<? extends MetricSnapshot> snapshots) {
        Map<String, Family> before = known;
        // What is no longer there is forgotten.
        Map<String, Family> now = HashMap.newHashMap(before.size());
        ByteText out = new ByteText(size + (1 << 10));
        for (MetricSnapshot snapshot : snapshots) {
            List<? extends DataPointSnapshot> points = snapshot.getDataPoints();
            if (points.isEmpty()) {
                continue;
            }
            FamilyText text = new FamilyText(format, snapshot);
            String name = snapshot.getMetadata().getPrometheusName();
            Family old = before.get(name);
            byte[] head = old == null ? text.head() : old.head;
            Map<Labels, Series> series = HashMap.newHashMap(points.size());
            out.add(head);
            for (DataPointSnapshot point : points) {
                Series lines = old == null ? null : old.series.get(point.getLabels());
                if (lines == null) {
                    lines = new Series(text.lines(point));
                }
                series.put(point.getLabels(), lines);
                write(out, point, lines.lines);
            }
            now.put(name, new Family(head, series));
        }
        if (format == ExpositionFormat.OPEN_METRICS) {
            out.add("# EOF\n");
        }
        known = now;
        byte[] text = out.toByteArray();
        size = text.length;
        return text;
    }

    private void write(ByteText out, DataPointSnapshot point, byte[][] lines) {
        switch (point) {
            case CounterDataPointSnapshot counter -> {
                out.add(lines[0]).add(counter.getValue());
                end(out, counter.getExemplar());
            }
            case GaugeDataPointSnapshot gauge -> {
                out.add(lines[0]).add(gauge.getValue());
                end(out, gauge.getExemplar());
            }
            case InfoDataPointSnapshot _ -> out.add(lines[0]).add("1\n");
            case HistogramDataPointSnapshot histogram -> histogram(out, histogram, lines);
            default -> throw new IllegalArgumentException("The catalogue has no " + point.getClass());
        }
    }

    private void histogram(ByteText out, HistogramDataPointSnapshot point, byte[][] lines) {
        ClassicHistogramBuckets buckets = point.getClassicBuckets();
        boolean exemplars =
                format == ExpositionFormat.OPEN_METRICS && point.getExemplars().size() > 0;
        long count = 0;
        for (int i = 0; i < buckets.size(); i++) {
            count += buckets.getCount(i);
            out.add(lines[i]).add(count);
            double below = i == 0 ? Double.NEGATIVE_INFINITY : buckets.getUpperBound(i - 1);
            end(out, exemplars ? point.getExemplars().get(below, buckets.getUpperBound(i)) : null);
        }
        out.add(lines[buckets.size()]).add(count).add('\n');
        out.add(lines[buckets.size() + 1]).add(point.getSum()).add('\n');
    }

    private void end(ByteText out, @Nullable Exemplar exemplar) {
        if (exemplar != null && format == ExpositionFormat.OPEN_METRICS) {
            FamilyText.exemplar(out, exemplar);
        }
        out.add('\n');
    }
}
