package org.kvant.report;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Errors by role (rows) and layer (columns), one map for a file: what the file records about its types' cost, or how far its weights are
 * from the reference's. All maps of a kind have the same logarithmic scale.
 */
final class ErrorMap {
    /** What a map shows. */
    enum Kind {
        /** Shares of the KL divergence, in nats. */
        DIVERGENCE("loss"),
        /** Squared errors weighted by an importance matrix. */
        WEIGHTED("loss"),
        /** {@link WeightErrors}. */
        WEIGHTS("heat");

        private final String cssClass;

        Kind(String cssClass) {
            this.cssClass = cssClass;
        }

        double of(ModelFacts.Tensor tensor) {
            return (this == WEIGHTS ? tensor.error() : tensor.loss()).orElse(0);
        }

        /** Two digits, without an exponent as long as that can be read. */
        private static String significant(double value) {
            int digits = 1 - (int) Math.floor(Math.log10(Math.max(value, 1e-30)));
            return digits > 8 ? Html.format("%.1e", value) : Html.format("%." + Math.max(0, digits) + "f", value);
        }

        String text(double value) {
            return switch (this) {
                case DIVERGENCE -> significant(value) + " nats";
                case WEIGHTED -> significant(value);
                case WEIGHTS -> significant(100 * value) + "\u00a0%";
            };
        }
    }

    private static final int ROW = 16;
    private static final int LEFT = 98;
    private static final int RIGHT = 54;
    private static final int TOP = 18;
    private static final int WIDTH = 540;
    private static final int WIDEST_CELL = 24;
    private static final double PALEST = 0.05;

    /** Colours span at most this ratio: what is smaller does not matter. */
    private static final double SPAN = 1000;

    private final Map<Kind, DoubleSummaryStatistics> ranges = new LinkedHashMap<>();

    ErrorMap(List<ModelFacts> models) {
        for (ModelFacts model : models) {
            Kind kind = kind(model);
            if (kind != null) {
                DoubleSummaryStatistics range = ranges.computeIfAbsent(kind, k -> new DoubleSummaryStatistics());
                model.tensors().stream()
                        .mapToDouble(kind::of)
                        .filter(v -> v > 0)
                        .forEach(range);
            }
        }
    }

    /** What is known about a file's errors, or null. */
    static @Nullable Kind kind(ModelFacts model) {
        if (model.losses().sum() > 0) {
            return model.losses().nats() ? Kind.DIVERGENCE : Kind.WEIGHTED;
        }
        return model.tensors().stream().anyMatch(t -> t.error().orElse(0) > 0) ? Kind.WEIGHTS : null;
    }

    Set<Kind> kinds() {
        return ranges.keySet();
    }

    private double largest(Kind kind) {
        DoubleSummaryStatistics range = ranges.get(kind);
        return range == null ? 1 : range.getMax();
    }

    private double smallest(Kind kind) {
        DoubleSummaryStatistics range = ranges.get(kind);
        double least = range == null ? 1 : Math.max(range.getMin(), range.getMax() / SPAN);
        return Math.min(least, 0.5 * largest(kind));
    }

    private double opacity(Kind kind, double value) {
        double low = Math.log(smallest(kind));
        double high = Math.log(largest(kind));
        double place = value > 0 ? Math.clamp((Math.log(value) - low) / (high - low), 0, 1) : 0;
        return PALEST + (1 - PALEST) * place;
    }

    /** What the colours mean. */
    String scale(Kind kind) {
        double low = smallest(kind);
        double high = largest(kind);
        return Html.format(
                "<p class=\"scale %s\"><span>%s%s</span><i></i><span>%s</span><i></i><span>%s</span></p>",
                kind.cssClass,
                ranges.get(kind) != null && ranges.get(kind).getMin() < low ? "≤ " : "",
                kind.text(low),
                kind.text(Math.sqrt(low * high)),
                kind.text(high));
    }

    /** @param kind {@link #kind} of the file */
    String svg(ModelFacts model, Kind kind) {
        List<ModelFacts.Tensor> known =
                model.tensors().stream().filter(t -> kind.of(t) > 0).toList();
        List<String> rows = rows(known);
        int layers =
                Math.max(1, known.stream().mapToInt(t -> t.role().layer()).max().orElse(0) + 1);
        double cell = Math.min(WIDEST_CELL, (double) (WIDTH - LEFT - RIGHT) / layers);
        double across = cell * layers;
        double gap = cell > 6 ? 2 : 0.5;
        int height = TOP + rows.size() * ROW + 2;
        StringBuilder svg = new StringBuilder(Html.format(
                "<svg class=\"map %s\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"errors of %s\">",
                kind.cssClass, WIDTH, height, Html.escape(model.name())));
        svg.append(tick(LEFT - 6, 11, "end", "layer"));
        int every = AllocationStrip.every(Math.ceilDiv(26, (int) Math.max(1, cell)));
        for (int layer = 0; layer < layers; layer += every) {
            svg.append(tick(LEFT + (layer + 0.5) * cell, 11, "middle", Integer.toString(layer)));
        }
        svg.append(tick(LEFT + across + 6, 11, "start", kind == Kind.WEIGHTS ? "mean" : "share"));
        for (int i = 0; i < rows.size(); i++) {
            String role = rows.get(i);
            List<ModelFacts.Tensor> tensors =
                    known.stream().filter(t -> t.role().name().equals(role)).toList();
            svg.append(Html.format("<g transform=\"translate(%d %d)\">", LEFT, TOP + i * ROW));
            svg.append(tick(-6, 11, "end", Html.escape(shorten(role))));
            for (ModelFacts.Tensor tensor : tensors) {
                int layer = tensor.role().layer();
                // What belongs to no layer stretches over all.
                double width = layer < 0 ? across - gap : cell - gap;
                svg.append(Html.format(
                        "<path opacity=\"%.2f\" d=\"M%.1f 0h%.1fv%dh-%.1f\"><title>%s: %s, %s</title></path>",
                        opacity(kind, kind.of(tensor)),
                        Math.max(0, layer) * cell,
                        width,
                        ROW - 2,
                        width,
                        Html.escape(tensor.info().name()),
                        tensor.info().type().label(),
                        tooltip(tensor, model)));
            }
            svg.append(tick(across + 6, 11, "start", summary(tensors, model, kind)))
                    .append("</g>");
        }
        return svg.append("</svg>").toString();
    }

    /** Roles in the layers first, then what is besides them. */
    private static List<String> rows(List<ModelFacts.Tensor> tensors) {
        Set<String> rows = new LinkedHashSet<>();
        tensors.stream()
                .filter(t -> t.role().layer() >= 0)
                .forEach(t -> rows.add(t.role().name()));
        tensors.stream()
                .filter(t -> t.role().layer() < 0)
                .forEach(t -> rows.add(t.role().name()));
        return new ArrayList<>(rows);
    }

    private static String tooltip(ModelFacts.Tensor tensor, ModelFacts model) {
        if (tensor.loss().isEmpty()) {
            return Kind.WEIGHTS.text(tensor.error().orElse(0));
        }
        Kind kind = model.losses().nats() ? Kind.DIVERGENCE : Kind.WEIGHTED;
        return kind.text(tensor.loss().getAsDouble())
                + (tensor.error().isEmpty()
                        ? ""
                        : ", weights off by " + Kind.WEIGHTS.text(tensor.error().getAsDouble()));
    }

    private static String summary(List<ModelFacts.Tensor> tensors, ModelFacts model, Kind kind) {
        DoubleSummaryStatistics values = tensors.stream().mapToDouble(kind::of).summaryStatistics();
        return Html.format(
                "%.1f\u00a0%%",
                100
                        * (kind == Kind.WEIGHTS
                                ? values.getAverage()
                                : values.getSum() / model.losses().sum()));
    }

    private static String tick(double x, int y, String anchor, String text) {
        return Html.format("<text class=\"tick\" x=\"%.0f\" y=\"%d\" text-anchor=\"%s\">%s</text>", x, y, anchor, text);
    }

    private static String shorten(String role) {
        return role.length() <= 15 ? role : role.substring(0, 14) + "…";
    }
}
