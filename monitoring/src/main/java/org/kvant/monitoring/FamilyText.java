package org.kvant.monitoring;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplar;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * What is written of one family beside its numbers, in Prometheus' text format 0.0.4 or OpenMetrics 1.0.0.
 *
 * @see <a href="https://prometheus.io/docs/instrumenting/exposition_formats/">exposition formats</a>
 */
record FamilyText(ExpositionFormat format, MetricSnapshot snapshot) {
    private static final int LINE = 128;

    private boolean openMetrics() {
        return format == ExpositionFormat.OPEN_METRICS;
    }

    private String name() {
        return snapshot.getMetadata().getPrometheusName();
    }

    /** The lines before the samples. */
    byte[] head() {
        ByteText out = new ByteText(LINE);
        String type = switch (snapshot) {
            case CounterSnapshot _ -> "counter";
            case GaugeSnapshot _ -> "gauge";
            case HistogramSnapshot _ -> "histogram";
            case InfoSnapshot _ -> openMetrics() ? "info" : "gauge";
            default -> throw new IllegalArgumentException("The catalogue has no " + snapshot.getClass());
        };
        String family = openMetrics() ? name() : name() + suffix();
        String help = snapshot.getMetadata().getHelp();
        String helpLine =
                help == null || help.isEmpty() ? "" : "# HELP " + family + ' ' + escaped(help, openMetrics()) + '\n';
        String typeLine = "# TYPE " + family + ' ' + type + '\n';
        if (openMetrics()) {
            String unit = snapshot.getMetadata().hasUnit()
                    ? "# UNIT " + family + ' ' + snapshot.getMetadata().getUnit() + '\n'
                    : "";
            out.add(typeLine + unit + helpLine);
        } else {
            out.add(helpLine + typeLine);
        }
        return out.toByteArray();
    }

    private String suffix() {
        return switch (snapshot) {
            case CounterSnapshot _ -> "_total";
            case InfoSnapshot _ -> "_info";
            default -> "";
        };
    }

    /** What precedes the numbers of a series. */
    byte[][] lines(DataPointSnapshot point) {
        if (point instanceof HistogramDataPointSnapshot histogram) {
            ClassicHistogramBuckets buckets = histogram.getClassicBuckets();
            byte[][] lines = new byte[buckets.size() + 2][];
            for (int i = 0; i < buckets.size(); i++) {
                lines[i] = line("_bucket", point.getLabels(), buckets.getUpperBound(i));
            }
            lines[buckets.size()] = line("_count", point.getLabels(), null);
            lines[buckets.size() + 1] = line("_sum", point.getLabels(), null);
            return lines;
        }
        return new byte[][] {line(suffix(), point.getLabels(), null)};
    }

    private byte[] line(String ending, Labels labels, @Nullable Double bound) {
        ByteText out = new ByteText(LINE).add(name()).add(ending);
        if (!labels.isEmpty() || bound != null) {
            labels(out, labels, bound);
        }
        return out.add(' ').toByteArray();
    }

    private static void labels(ByteText out, Labels labels, @Nullable Double bound) {
        String between = "{";
        for (int i = 0; i < labels.size(); i++) {
            out.add(between)
                    .add(labels.getPrometheusName(i))
                    .add("=\"")
                    .add(escaped(labels.getValue(i), true))
                    .add('"');
            between = ",";
        }
        if (bound != null) {
            out.add(between).add("le=\"").add(bound.doubleValue()).add('"');
        }
        out.add('}');
    }

    /** What follows a number in OpenMetrics if there is an exemplar. */
    static void exemplar(ByteText out, Exemplar exemplar) {
        out.add(" # ");
        labels(out, exemplar.getLabels(), null);
        out.add(' ').add(exemplar.getValue());
        if (exemplar.hasTimestamp()) {
            long millis = exemplar.getTimestampMillis();
            out.add(' ').add(millis / 1000).add('.');
            out.add((char) ('0' + millis % 1000 / 100))
                    .add((char) ('0' + millis % 100 / 10))
                    .add((char) ('0' + millis % 10));
        }
    }

    private static String escaped(String text, boolean quotes) {
        String lines = text.replace("\\", "\\\\").replace("\n", "\\n");
        return quotes ? lines.replace("\"", "\\\"") : lines;
    }
}
