package org.kvant.benchmarks.monitoring;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kvant.benchmarks.monitoring.PrometheusQueries.Series;

/** One panel of a Grafana dashboard as SVG: its title, its queries' answers as Grafana's panel of that type would show them, its legend. */
final class PanelPicture {
    private static final String[] COLOURS = {
        "#56a64b", "#d9a300", "#3274d9", "#e0513b", "#8f3bb8", "#1f9e9e", "#c05a9c", "#7a6f5d", "#37872d", "#fa6400"
    };
    private static final Pattern LEGEND = Pattern.compile("\\{\\{\\s*(\\w+)\\s*}}");

    private final StringBuilder svg;
    private final PrometheusQueries prometheus;
    private final JsonTree panel;
    private final double x;
    private final double y;
    private final double width;
    private final double height;
    private final String unit;

    PanelPicture(StringBuilder svg, PrometheusQueries prometheus, JsonTree panel, double[] place) {
        this.svg = svg;
        this.prometheus = prometheus;
        this.panel = panel;
        x = place[0];
        y = place[1];
        width = place[2];
        height = place[3];
        unit = panel.at("fieldConfig", "defaults", "unit").text();
    }

    private record Line(String name, List<double[]> points) {}

    void draw() throws IOException, InterruptedException {
        String title = panel.at("title").text();
        if (panel.at("type").text().equals("row")) {
            text(x + 2, y + 20, 15, "start", "#333", title);
            return;
        }
        svg.append(String.format(
                Locale.ROOT,
                "<rect x='%.0f' y='%.0f' width='%.0f' height='%.0f' rx='3' fill='#fff' stroke='#ddd'/>%n",
                x,
                y,
                width,
                height));
        text(x + 8, y + 18, 12.5, "start", "#222", title);
        List<Line> lines = new ArrayList<>();
        List<Series> series = new ArrayList<>();
        for (JsonTree target : panel.at("targets").list()) {
            List<Series> answer = prometheus.range(target.at("expr").text());
            series.addAll(answer);
            for (Series each : answer) {
                lines.add(new Line(legend(target.at("legendFormat").text(), each.labels()), each.points()));
            }
        }
        if (series.stream().allMatch(each -> each.points().isEmpty())) {
            text(x + width / 2, y + height / 2, 14, "middle", "#999", "no data");
            return;
        }
        switch (panel.at("type").text()) {
            case "stat" -> stat(series);
            case "heatmap" -> heatmap(series);
            case "table" -> table(series);
            default -> lines(lines);
        }
    }

    private static String legend(String format, Map<String, String> labels) {
        Matcher matcher = LEGEND.matcher(format);
        return matcher.replaceAll(found -> Matcher.quoteReplacement(labels.getOrDefault(found.group(1), "")));
    }

    private void stat(List<Series> series) {
        double value = series.getFirst().last();
        String shown = format(value, unit);
        for (JsonTree mapping : panel.at("fieldConfig", "defaults", "mappings").list()) {
            String mapped =
                    mapping.at("options", Integer.toString((int) value), "text").text();
            shown = mapped.isEmpty() ? shown : mapped;
        }
        text(x + width / 2, y + height / 2 + 22, 30, "middle", colour(value), shown);
    }

    /** By the panel's thresholds, as Grafana colours it. */
    private String colour(double value) {
        String colour = "#37872d";
        for (JsonTree step :
                panel.at("fieldConfig", "defaults", "thresholds", "steps").list()) {
            double from = step.at("value").number();
            if (Double.isNaN(from) || value >= from) {
                colour = switch (step.at("color").text()) {
                    case "red" -> "#c4162a";
                    case "orange" -> "#e0752d";
                    case "yellow" -> "#b58900";
                    case "blue" -> "#1f60c4";
                    default -> "#37872d";
                };
            }
        }
        return colour;
    }

    private void table(List<Series> series) {
        double row = y + 40;
        for (Series each : series) {
            for (Map.Entry<String, String> label : each.labels().entrySet()) {
                if (!label.getKey().startsWith("__")) {
                    String line = label.getKey() + ": " + label.getValue();
                    int fits = (int) (width / 6) - 2;
                    text(x + 8, row, 11, "start", "#333", line.length() > fits ? line.substring(0, fits) + "…" : line);
                    row += 16;
                }
            }
            text(x + 8, row, 11, "start", "#333", format(each.last(), unit));
            row += 20;
        }
    }

    private void lines(List<Line> lines) {
        boolean stacked = panel.at("fieldConfig", "defaults", "custom", "stacking", "mode")
                .text()
                .equals("normal");
        Set<String> alone = unstacked();
        TreeMap<Double, Double> below = new TreeMap<>();
        List<List<double[]>> drawn = new ArrayList<>();
        double most = 0;
        for (Line line : lines) {
            List<double[]> points = new ArrayList<>();
            for (double[] point : line.points()) {
                double at = stacked && !alone.contains(line.name())
                        ? below.merge(point[0], point[1], Double::sum)
                        : point[1];
                points.add(new double[] {point[0], at});
                most = Math.max(most, at);
            }
            drawn.add(points);
        }
        double top = most <= 0 ? 1 : most * 1.08;
        double left = x + 62;
        double right = x + width - 12;
        double high = y + 30;
        int legendRows = legendRows(lines);
        double low = y + height - 22 - 15 * legendRows;
        axis(left, right, high, low, top);
        for (int i = drawn.size() - 1; i >= 0; i--) {
            StringBuilder path = new StringBuilder();
            for (double[] point : drawn.get(i)) {
                path.append(String.format(
                        Locale.ROOT,
                        "%s%.1f %.1f",
                        path.isEmpty() ? "M" : "L",
                        left + (point[0] - prometheus.from) / (prometheus.to - prometheus.from) * (right - left),
                        low - point[1] / top * (low - high)));
            }
            svg.append("<path d='")
                    .append(path)
                    .append("' fill='none' stroke-width='1.6' stroke='")
                    .append(COLOURS[i % COLOURS.length])
                    .append("'/>\n");
        }
        names(lines, low + 30);
    }

    /** Names of the series that an override takes out of the stack. */
    private Set<String> unstacked() {
        Set<String> names = new HashSet<>();
        for (JsonTree override : panel.at("fieldConfig", "overrides").list()) {
            boolean none = override.at("properties").list().stream()
                    .anyMatch(property -> property.at("id").text().equals("custom.stacking")
                            && property.at("value", "mode").text().equals("none"));
            if (none) {
                names.add(override.at("matcher", "options").text());
            }
        }
        return names;
    }

    private static double nameWidth(Line line) {
        return 26 + 5.9 * line.name().length();
    }

    private int legendRows(List<Line> lines) {
        int rows = 1;
        double at = 0;
        for (Line line : lines) {
            if (at > 0 && at + nameWidth(line) > width - 20) {
                rows++;
                at = 0;
            }
            at += nameWidth(line);
        }
        return rows;
    }

    private void names(List<Line> lines, double top) {
        double at = x + 10;
        double row = top;
        for (int i = 0; i < lines.size(); i++) {
            if (at > x + 10 && at + nameWidth(lines.get(i)) > x + width - 10) {
                at = x + 10;
                row += 15;
            }
            svg.append(String.format(
                    Locale.ROOT,
                    "<rect x='%.1f' y='%.1f' width='10' height='3' fill='%s'/>%n",
                    at,
                    row - 5,
                    COLOURS[i % COLOURS.length]));
            text(at + 14, row, 10.5, "start", "#444", lines.get(i).name());
            at += nameWidth(lines.get(i));
        }
    }

    private void axis(double left, double right, double high, double low, double top) {
        for (int i = 0; i <= 4; i++) {
            double at = low - i / 4.0 * (low - high);
            svg.append(String.format(Locale.ROOT, "<path d='M%.1f %.1fH%.1f' stroke='#eee'/>%n", left, at, right));
            text(left - 5, at + 4, 10, "end", "#666", format(top * i / 4, unit));
        }
        times(left, right, low);
    }

    private void times(double left, double right, double low) {
        double seconds = prometheus.to - prometheus.from;
        for (int i = 0; i <= 2; i += width < 250 ? 2 : 1) {
            String label = i == 2 ? "now" : String.format(Locale.ROOT, "-%.0f s", seconds * (2 - i) / 2);
            text(
                    left + i / 2.0 * (right - left),
                    low + 14,
                    10,
                    i == 0 ? "start" : i == 1 ? "middle" : "end",
                    "#666",
                    label);
        }
    }

    /** Buckets come cumulative, by {@code le}; a cell's shade is its share of its column's largest. */
    private void heatmap(List<Series> series) {
        List<Series> buckets = series.stream()
                .filter(each -> each.labels().containsKey("le"))
                .sorted(Comparator.comparingDouble(PanelPicture::bound))
                .toList();
        TreeMap<Double, double[]> columns = new TreeMap<>();
        for (int i = 0; i < buckets.size(); i++) {
            for (double[] point : buckets.get(i).points()) {
                columns.computeIfAbsent(point[0], _ -> new double[buckets.size()])[i] = point[1];
            }
        }
        int first = buckets.size();
        int last = 0;
        for (double[] column : columns.values()) {
            for (int i = column.length - 1; i > 0; i--) {
                column[i] = Math.max(0, column[i] - column[i - 1]);
            }
            for (int i = 0; i < column.length; i++) {
                if (column[i] > 1e-9) {
                    first = Math.min(first, i);
                    last = Math.max(last, i);
                }
            }
        }
        if (first > last) {
            text(x + width / 2, y + height / 2, 14, "middle", "#999", "nothing happened");
            return;
        }
        double left = x + 62;
        double right = x + width - 12;
        double high = y + 30;
        double low = y + height - 30;
        double cellHeight = (low - high) / (last - first + 1);
        double cellWidth = (right - left) / columns.size();
        int c = 0;
        for (double[] column : columns.values()) {
            double most = Math.max(1e-9, java.util.Arrays.stream(column).max().orElse(1));
            for (int i = first; i <= last; i++) {
                if (column[i] > 1e-9) {
                    svg.append(String.format(
                            Locale.ROOT,
                            "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='#e0752d' fill-opacity='%.2f'/>%n",
                            left + c * cellWidth,
                            low - (i - first + 1) * cellHeight,
                            cellWidth,
                            cellHeight,
                            0.15 + 0.85 * column[i] / most));
                }
            }
            c++;
        }
        int every = Math.max(1, (last - first) / 5);
        for (int i = first; i <= last; i += every) {
            String of = panel.at("title").text().contains("length") ? "short" : "s";
            text(left - 5, low - (i - first) * cellHeight, 10, "end", "#666", format(bound(buckets.get(i)), of));
        }
        times(left, right, low);
    }

    private static double bound(Series bucket) {
        return new JsonTree(bucket.labels().get("le")).number();
    }

    private void text(double at, double base, double size, String anchor, String colour, String text) {
        String escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
        svg.append(String.format(
                Locale.ROOT,
                "<text x='%.1f' y='%.1f' font-size='%.1f' text-anchor='%s' fill='%s'>%s</text>%n",
                at,
                base,
                size,
                anchor,
                colour,
                escaped));
    }

    /** As Grafana writes units: three digits and a prefix. */
    private static String format(double value, String unit) {
        if (Double.isInfinite(value)) {
            return "+Inf";
        }
        return switch (unit) {
            case "percentunit" -> digits(value * 100) + " %";
            case "bytes" ->
                value >= 1 << 30
                        ? digits(value / (1 << 30)) + " GiB"
                        : value >= 1 << 20 ? digits(value / (1 << 20)) + " MiB" : digits(value / 1024) + " KiB";
            case "s" ->
                value == 0
                        ? "0 s"
                        : value < 1e-3
                                ? digits(value * 1e6) + " µs"
                                : value < 1 ? digits(value * 1e3) + " ms" : digits(value) + " s";
            default ->
                value >= 1e6 ? digits(value / 1e6) + " M" : value >= 1e4 ? digits(value / 1e3) + " K" : digits(value);
        };
    }

    private static String digits(double value) {
        if (value == Math.rint(value)) {
            return String.format(Locale.ROOT, "%.0f", value);
        }
        return String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
    }
}
