package org.kvant.benchmarks.peer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Samples of each figure of each program, and their medians as a Markdown table. Safe for several threads. */
final class Figures {
    static final String OURS = "kvant";
    static final String THEIRS = "llama-server";

    private final Map<String, Map<String, List<Double>>> samples = new LinkedHashMap<>();

    synchronized void record(String what, String who, double value) {
        samples.computeIfAbsent(what, k -> new LinkedHashMap<>())
                .computeIfAbsent(who, k -> new ArrayList<>())
                .add(value);
        System.err.printf(Locale.ROOT, "  %-44s %-16s %10.3f%n", what, who, value);
    }

    /** Between 0 and 1; NaN of nothing. */
    static double quantile(List<Double> values, double q) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted.length == 0
                ? Double.NaN
                : sorted[(int) Math.min(sorted.length - 1, Math.round(q * (sorted.length - 1)))];
    }

    static double median(List<Double> values) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int mid = sorted.length / 2;
        if (sorted.length == 0) {
            return Double.NaN;
        }
        return sorted.length % 2 == 1 ? sorted[mid] : (sorted[mid - 1] + sorted[mid]) / 2;
    }

    /** One row for each figure: medians, our ratio to llama-server, the raw library's programs and our ratio to the best of them. */
    synchronized String markdown() {
        StringBuilder table = new StringBuilder(
                "| what | kvant | llama-server | kvant / llama-server | raw library | kvant / raw | samples |\n|---|---|---|---|---|---|---|\n");
        samples.forEach((what, byProgram) -> {
            double ours = median(byProgram.getOrDefault(OURS, List.of()));
            double theirs = median(byProgram.getOrDefault(THEIRS, List.of()));
            StringBuilder raw = new StringBuilder();
            double best = Double.NaN;
            for (Map.Entry<String, List<Double>> entry : byProgram.entrySet()) {
                if (!entry.getKey().equals(OURS) && !entry.getKey().equals(THEIRS)) {
                    double value = median(entry.getValue());
                    raw.append(raw.isEmpty() ? "" : ", ").append(entry.getKey() + " " + number(value));
                    best = Double.isNaN(best) ? value : Math.max(best, value);
                }
            }
            int[] counts =
                    byProgram.values().stream().mapToInt(List::size).distinct().toArray();
            table.append("| %s | %s | %s | %s | %s | %s | %s |\n"
                    .formatted(
                            what,
                            number(ours),
                            number(theirs),
                            ratio(ours, theirs),
                            raw,
                            ratio(ours, best),
                            Arrays.toString(counts).replaceAll("[\\[\\]]", "")));
        });
        return table.toString();
    }

    /** One figure's medians; NaN where a program has none. {@code raw} is of the fastest of the library's own programs. */
    record Row(String what, double ours, double theirs, double raw) {}

    /** In the order in which they were recorded first. */
    synchronized List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        samples.forEach((what, byProgram) -> rows.add(new Row(
                what,
                median(byProgram.getOrDefault(OURS, List.of())),
                median(byProgram.getOrDefault(THEIRS, List.of())),
                byProgram.entrySet().stream()
                        .filter(entry -> !entry.getKey().startsWith(OURS))
                        .filter(entry -> !entry.getKey().equals(THEIRS))
                        .mapToDouble(entry -> median(entry.getValue()))
                        .max()
                        .orElse(Double.NaN))));
        return rows;
    }

    private static String ratio(double ours, double other) {
        return Double.isNaN(ours) || Double.isNaN(other) || other == 0
                ? ""
                : String.format(Locale.ROOT, "**%.3f**", ours / other);
    }

    static String number(double value) {
        if (Double.isNaN(value)) {
            return "";
        }
        return String.format(Locale.ROOT, value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.3f", value);
    }
}
