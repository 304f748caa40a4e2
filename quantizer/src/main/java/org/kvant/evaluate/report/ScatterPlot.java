package org.kvant.evaluate.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.kvant.evaluate.Estimate;

/**
 * KLD against file size, the former on a logarithmic axis, with 95 % intervals. Text has a fixed size in the SVG's own units, so that a phone needs a
 * narrower one.
 */
final class ScatterPlot {
    record Point(String name, Maker maker, long bytes, Estimate divergence) {}

    private static final int LEFT = 64;
    private static final int RIGHT = 24;
    private static final int TOP = 16;
    private static final int BOTTOM = 52;
    private static final double MIB = 1 << 20;
    private static final double CHARACTER = 7.8;

    private final int width;
    private final int height;
    private final List<Point> points;
    private final double lowX;
    private final double highX;
    private final double lowY;
    private final double highY;
    private final double unit;
    private final List<double[]> taken = new ArrayList<>();

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
        double margin = Math.max((max - min) * 0.12, max * 0.04);
        lowX = Math.max(0, min - margin);
        highX = max + margin;
        lowY = Math.floor(4
                                * points.stream()
                                        .mapToDouble(p -> Math.log10(low(p)))
                                        .min()
                                        .orElse(-3))
                        / 4
                - 0.05;
        highY = Math.ceil(4
                                * points.stream()
                                        .mapToDouble(p -> Math.log10(high(p)))
                                        .max()
                                        .orElse(0))
                        / 4
                + 0.05;
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
        for (Maker maker : List.of(Maker.PRESET, Maker.PRESET_IMATRIX, Maker.KVANT)) {
            front(svg, maker);
        }
        for (Point point : points) {
            double px = x(point.bytes());
            double py = y(point.divergence().value());
            taken.add(new double[] {px - 8, py - 8, px + 8, py + 8});
        }
        points.forEach(point -> mark(svg, point));
        points.forEach(point -> label(svg, point));
        return svg.append("</svg>").toString();
    }

    private void axes(StringBuilder svg) {
        for (int decade = (int) Math.floor(lowY) - 1; decade <= highY; decade++) {
            for (int factor : new int[] {1, 2, 5}) {
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
                "<text class=\"axis\" transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"middle\">mean KLD (nats)</text>",
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
        for (Point point : points) {
            if (point.maker() == maker && point.divergence().value() < best) {
                best = point.divergence().value();
                path.append(Html.format("%s%.1f %.1f", path.isEmpty() ? "M" : "L", x(point.bytes()), y(best)));
            }
        }
        svg.append("<path class=\"front ")
                .append(maker.cssClass())
                .append("\" d=\"")
                .append(path)
                .append("\"/>");
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
        svg.append(shape(point.maker(), px, py)).append("</g>");
    }

    /** Different shapes, so that colour is not needed to tell makers apart. */
    static String shape(Maker maker, double px, double py) {
        return switch (maker) {
            case KVANT -> Html.format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"6\"/>", px, py);
            case PRESET_IMATRIX ->
                Html.format("<rect x=\"%.1f\" y=\"%.1f\" width=\"11\" height=\"11\"/>", px - 5.5, py - 5.5);
            case PRESET ->
                Html.format(
                        "<rect class=\"hollow\" x=\"%.1f\" y=\"%.1f\" width=\"11\" height=\"11\"/>",
                        px - 5.5, py - 5.5);
            case FULL -> Html.format("<path d=\"M%.1f %.1fl6.5 11h-13z\"/>", px, py - 7);
        };
    }

    /** Beside the mark where no other label or mark is; above, below or farther away otherwise. */
    private void label(StringBuilder svg, Point point) {
        int longest = width / 20;
        String text = point.name().length() <= 34
                ? point.name()
                : "…" + point.name().substring(point.name().length() - longest + 1);
        double length = text.length() * CHARACTER;
        double px = x(point.bytes());
        double py = y(point.divergence().value());
        double[][] places = {
            {px + 12, py + 4}, {px - 12 - length, py + 4}, {px + 10, py - 10}, {px - 10 - length, py - 10},
            {px + 10, py + 18}, {px - 10 - length, py + 18}, {px - length / 2, py - 26}, {px - length / 2, py + 32}
        };
        double[] chosen = places[0];
        int fewest = Integer.MAX_VALUE;
        for (double[] place : places) {
            int bad = collisions(place, length);
            if (bad < fewest) {
                fewest = bad;
                chosen = place;
            }
        }
        taken.add(box(chosen, length));
        svg.append(Html.format(
                "<text class=\"name\" x=\"%.1f\" y=\"%.1f\">%s</text>", chosen[0], chosen[1], Html.escape(text)));
    }

    private static double[] box(double[] place, double length) {
        return new double[] {place[0], place[1] - 11, place[0] + length, place[1] + 4};
    }

    private int collisions(double[] place, double length) {
        double[] box = box(place, length);
        int bad = box[0] < LEFT || box[2] > width || box[1] < 0 || box[3] > height - BOTTOM ? 4 : 0;
        for (double[] other : taken) {
            if (box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]) {
                bad++;
            }
        }
        return bad;
    }
}
