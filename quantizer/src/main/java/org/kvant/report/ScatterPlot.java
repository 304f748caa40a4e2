package org.kvant.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.kvant.evaluate.Estimate;

/**
 * KLD against file size, the former on a logarithmic axis, with 95 % intervals. Text has a fixed size in the SVG's own units, so that a phone needs a
 * narrower one.
 */
final class ScatterPlot {
    record Point(String name, Maker maker, long bytes, Estimate divergence) {}

    private static final int LEFT = 64;
    private static final int RIGHT = 14;
    private static final int TOP = 10;
    private static final int BOTTOM = 52;
    private static final double MIB = 1 << 20;

    private final int width;
    private final int height;
    private final List<Point> points;
    private final double lowX;
    private final double highX;
    private final double lowY;
    private final double highY;
    private final double unit;
    private final List<Labels.Line> lines = new ArrayList<>();
    private final Set<Point> leading = new HashSet<>();

    /** @param all those of divergence 0 are left out: a logarithmic axis has no place for them */
    ScatterPlot(List<Point> all, int width, int height) {
        this.width = width;
        this.height = height;
        points = all.stream()
                .filter(point -> point.divergence().value() > 0)
                .sorted(Comparator.comparingLong(Point::bytes))
                .toList();
        double min = points.stream().mapToLong(Point::bytes).min().orElse(0);
        double max = points.stream().mapToLong(Point::bytes).max().orElse(1);
        unit = max >= 4096 * MIB ? 1024 * MIB : MIB;
        double margin = Math.max((max - min) * 0.1, max * 0.03);
        lowX = Math.max(0, min - margin);
        highX = max + margin;
        lowY = points.stream()
                        .mapToDouble(point -> Math.log10(low(point)))
                        .min()
                        .orElse(-3)
                - 0.12;
        highY = points.stream()
                        .mapToDouble(point -> Math.log10(high(point)))
                        .max()
                        .orElse(0)
                + 0.12;
    }

    boolean empty() {
        return points.isEmpty();
    }

    private static double low(Point point) {
        double value = point.divergence().value();
        return Math.max(value - 1.96 * point.divergence().error(), value / 4);
    }

    private static double high(Point point) {
        return point.divergence().value() + 1.96 * point.divergence().error();
    }

    private double x(double bytes) {
        return LEFT + (bytes - lowX) / (highX - lowX) * (width - LEFT - RIGHT);
    }

    private double y(double divergence) {
        return TOP + (highY - Math.log10(divergence)) / (highY - lowY) * (height - TOP - BOTTOM);
    }

    String svg() {
        StringBuilder svg = new StringBuilder(Html.format(
                "<svg class=\"plot %s\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"KL divergence against file size\">",
                width < 500 ? "narrow" : "broad", width, height));
        axes(svg);
        for (Maker maker : List.of(Maker.PRESET, Maker.PRESET_IMATRIX, Maker.KVANT_PRESET, Maker.KVANT)) {
            front(svg, maker);
        }
        points.forEach(point -> mark(svg, point));
        labels(svg);
        return svg.append("</svg>").toString();
    }

    private void axes(StringBuilder svg) {
        // Where the axis spans many decades, every label of 1, 2 and 5 would be too many.
        double room = (height - TOP - BOTTOM) / (highY - lowY);
        int[] factors = room > 110 ? new int[] {1, 2, 5} : room > 60 ? new int[] {1, 3} : new int[] {1};
        for (int decade = (int) Math.floor(lowY) - 1; decade <= highY; decade++) {
            for (int factor : factors) {
                double value = factor * Math.pow(10, decade);
                if (Math.log10(value) >= lowY && Math.log10(value) <= highY) {
                    svg.append(Html.format(
                            "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                                    + "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
                            LEFT, width - RIGHT, y(value), y(value), LEFT - 8, y(value) + 4, tick(value)));
                }
            }
        }
        double step = step((highX - lowX) / unit, width < 500 ? 4 : 6);
        for (double at = Math.ceil(lowX / unit / step) * step; at * unit <= highX; at += step) {
            svg.append(Html.format(
                    "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                            + "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                    x(at * unit), x(at * unit), TOP, height - BOTTOM, x(at * unit), height - BOTTOM + 18, tick(at)));
        }
        svg.append(Html.format(
                "<text class=\"axis\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">file size (%s)</text>",
                (LEFT + width - RIGHT) / 2, height - 10, unit > MIB ? "GiB" : "MiB"));
        svg.append(Html.format(
                "<text class=\"axis\" transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"middle\">mean KLD (nats a token, log scale)</text>",
                (TOP + height - BOTTOM) / 2));
    }

    private static double step(double range, int ticks) {
        double rough = range / ticks;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        return rough / power < 1.5
                ? power
                : rough / power < 3.5 ? 2 * power : rough / power < 7.5 ? 5 * power : 10 * power;
    }

    private static String tick(double value) {
        String text = Html.format("%.6f", value).replaceFirst("0+$", "").replaceFirst("\\.$", "");
        return text.equals("0") && value > 0 ? Html.format("%.0e", value) : text;
    }

    /** Joins those points of a maker that no smaller file of that maker beats. */
    private void front(StringBuilder svg, Maker maker) {
        StringBuilder path = new StringBuilder();
        double best = Double.POSITIVE_INFINITY;
        double fromX = 0;
        double fromY = 0;
        for (Point point : points) {
            if (point.maker() == maker && point.divergence().value() < best) {
                best = point.divergence().value();
                double toX = x(point.bytes());
                double toY = y(best);
                if (!path.isEmpty()) {
                    lines.add(new Labels.Line(fromX, fromY, toX, toY));
                }
                path.append(Html.format("%s%.1f %.1f", path.isEmpty() ? "M" : "L", toX, toY));
                fromX = toX;
                fromY = toY;
                leading.add(point);
            }
        }
        if (path.indexOf("L") > 0) {
            svg.append("<path class=\"front ")
                    .append(maker.cssClass())
                    .append("\" d=\"")
                    .append(path)
                    .append("\"/>");
        }
    }

    private void mark(StringBuilder svg, Point point) {
        double px = x(point.bytes());
        double py = y(point.divergence().value());
        svg.append(Html.format("<g class=\"mark %s\">", point.maker().cssClass()));
        svg.append(Html.format(
                "<title>%s: %s, KLD %s ± %s</title>",
                Html.escape(point.name()),
                Html.bytes(point.bytes()),
                Html.number(point.divergence().value()),
                Html.number(point.divergence().error())));
        svg.append(Html.format(
                "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", px, px, y(low(point)), y(high(point))));
        svg.append(point.maker().shape(px, py)).append("</g>");
    }

    /** Those on a front come first: where there is no room, others stay without. */
    private void labels(StringBuilder svg) {
        List<Labels.Box> taken = new ArrayList<>();
        for (Point point : points) {
            double px = x(point.bytes());
            double py = y(point.divergence().value());
            taken.add(new Labels.Box(px - 7, py - 7, px + 7, py + 7));
            taken.add(new Labels.Box(px - 1, y(high(point)), px + 1, y(low(point))));
        }
        List<Point> ordered = points.stream()
                .sorted(Comparator.comparing(point -> !leading.contains(point)))
                .toList();
        List<double[]> marks = ordered.stream()
                .map(point ->
                        new double[] {x(point.bytes()), y(point.divergence().value())})
                .toList();
        List<String> texts =
                ordered.stream().map(point -> shortened(point.name())).toList();
        Labels.Box frame = new Labels.Box(LEFT, 0, width - 2, height - BOTTOM);
        var places = new Labels(frame, taken, lines).place(marks, texts);
        for (int i = 0; i < ordered.size(); i++) {
            Labels.Place place = places.get(i);
            if (place == null) {
                continue;
            }
            if (place.far()) {
                Labels.Line leader = place.leader();
                svg.append(Html.format(
                        "<line class=\"leader\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                        leader.x1(), leader.y1(), leader.x2(), leader.y2()));
            }
            svg.append(Html.format(
                    "<text class=\"name %s\" x=\"%.1f\" y=\"%.1f\">%s</text>",
                    ordered.get(i).maker().cssClass(), place.x(), place.y(), Html.escape(texts.get(i))));
        }
    }

    private String shortened(String name) {
        int longest = width / 24;
        return name.length() <= longest ? name : "…" + name.substring(name.length() - longest + 1);
    }
}
