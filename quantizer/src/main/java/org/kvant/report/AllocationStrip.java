package org.kvant.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.kvant.gguf.GgmlType;

/** Which type each tensor has: one strip for a file, in the order of layers, as wide as the bytes are many. */
final class AllocationStrip {
    static final int WIDTH = 1000;
    static final int HEIGHT = 46;

    /** What is drawn of a tensor. */
    record Piece(TensorRole role, GgmlType type, long bytes) {
        static List<Piece> of(ModelFacts model) {
            return model.tensors().stream()
                    .map(t -> new Piece(t.role(), t.info().type(), t.info().bytes()))
                    .toList();
        }
    }

    /** A tensor, or some neighbours of a layer that have the same type. */
    private record Stretch(int layer, GgmlType type, List<String> names, long bytes) {}

    /**
     * A label below the strip.
     *
     * @param place its middle or left end as a share of the width
     * @param minor whether a phone has no room for it
     */
    record Tick(double place, boolean centred, boolean minor, String text) {}

    /** Norms and biases are too small to be seen. */
    private static final double NARROWEST = 0.05;

    /** Least distance of two labels, of all. */
    private static final double LABEL_ROOM = 0.04;

    private static final double PHONE_LABEL_ROOM = 0.09;

    /** Least width of a tensor outside the layers that gets a label. */
    private static final double NAME_ROOM = 0.09;

    private final TypeColours colours;

    AllocationStrip(TypeColours colours) {
        this.colours = colours;
    }

    private static List<Stretch> stretches(List<Piece> tensors, double total) {
        List<Stretch> stretches = new ArrayList<>();
        for (Piece tensor : tensors) {
            if (tensor.bytes() / total * WIDTH < NARROWEST) {
                continue;
            }
            int layer = tensor.role().layer();
            Stretch last = stretches.isEmpty() ? null : stretches.getLast();
            if (last != null && layer >= 0 && last.layer() == layer && last.type() == tensor.type()) {
                stretches.removeLast();
                List<String> names = new ArrayList<>(last.names());
                names.add(tensor.role().name());
                stretches.add(new Stretch(layer, last.type(), names, last.bytes() + tensor.bytes()));
            } else {
                stretches.add(
                        new Stretch(layer, tensor.type(), List.of(tensor.role().name()), tensor.bytes()));
            }
        }
        return stretches;
    }

    private static double total(List<Piece> tensors) {
        return Math.max(1, tensors.stream().mapToLong(Piece::bytes).sum());
    }

    /** The strip in units of {@link #WIDTH} and {@link #HEIGHT}, without an {@code svg} element around it. */
    String shapes(List<Piece> tensors) {
        double total = total(tensors);
        StringBuilder svg = new StringBuilder();
        StringBuilder borders = new StringBuilder();
        double at = 0;
        int layer = -1;
        for (Stretch stretch : stretches(tensors, total)) {
            double width = stretch.bytes() / total * WIDTH;
            svg.append(Html.format(
                    "<path fill=\"%s\" d=\"M%.1f 0h%.1fv%dh-%.1f\"><title>%s%s: %s, %s</title></path>",
                    colours.of(stretch.type()),
                    at,
                    width + 0.15,
                    HEIGHT,
                    width + 0.15,
                    stretch.layer() >= 0 ? "layer " + stretch.layer() + ", " : "",
                    Html.escape(String.join(", ", stretch.names())),
                    stretch.type().label(),
                    Html.bytes(stretch.bytes())));
            if (stretch.layer() != layer) {
                layer = stretch.layer();
                borders.append(Html.format("M%.1f 0v%d", at, HEIGHT));
            }
            at += width;
        }
        return svg.append("<path class=\"border\" d=\"")
                .append(borders)
                .append("\"/>")
                .toString();
    }

    /** Where layers begin, at round numbers, and what is large besides. */
    List<Tick> ticks(List<Piece> tensors) {
        double total = total(tensors);
        double inLayers = tensors.stream()
                        .filter(t -> t.role().layer() >= 0)
                        .mapToLong(Piece::bytes)
                        .sum()
                / total;
        int layers = 1 + tensors.stream().mapToInt(t -> t.role().layer()).max().orElse(0);
        double each = Math.max(0.01, inLayers) / Math.max(1, layers);
        int every = every((int) Math.ceil(LABEL_ROOM / each));
        int everyOnPhone = every((int) Math.ceil(PHONE_LABEL_ROOM / each));
        List<Tick> ticks = new ArrayList<>();
        double at = 0;
        int layer = -1;
        for (Piece tensor : tensors) {
            double share = tensor.bytes() / total;
            int own = tensor.role().layer();
            if (own < 0 && share >= NAME_ROOM) {
                ticks.add(new Tick(at + share / 2, true, false, tensor.role().name()));
            } else if (own > layer) {
                if (own % every == 0) {
                    ticks.add(new Tick(at, false, own % everyOnPhone != 0, Integer.toString(own)));
                }
                layer = own;
            }
            at += share;
        }
        return ticks;
    }

    /** A round number of layers between two labels. */
    static int every(int least) {
        for (int step : new int[] {1, 2, 5, 10, 20, 50}) {
            if (step >= least) {
                return step;
            }
        }
        return least;
    }

    /** The strip with its labels, as wide as the page. */
    String html(ModelFacts model) {
        StringBuilder html = new StringBuilder(Html.format(
                "<svg class=\"strip\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\""
                        + " aria-label=\"types of %s\">",
                WIDTH, HEIGHT, Html.escape(model.name())));
        html.append(shapes(Piece.of(model))).append("</svg><div class=\"ticks\">");
        for (Tick tick : ticks(Piece.of(model))) {
            html.append(Html.format(
                    "<span class=\"%s\" style=\"left:%.2f%%\">%s</span>",
                    tick.centred() ? "centred" : tick.minor() ? "minor" : "major",
                    100 * tick.place(),
                    Html.escape(tick.text())));
        }
        return html.append("</div>").toString();
    }

    /** Each type's share of the bytes, from few bits to many. */
    Map<GgmlType, Double> shares(List<Piece> tensors) {
        double total = total(tensors);
        Map<GgmlType, Double> shares = new TreeMap<>(java.util.Comparator.comparingInt(colours.types()::indexOf));
        tensors.forEach(t -> shares.merge(t.type(), t.bytes() / total, Double::sum));
        return shares;
    }

    /** What the colours mean, and each type's share of this file's bytes. */
    String legend(ModelFacts model) {
        return shares(Piece.of(model)).entrySet().stream()
                .map(share -> Html.format(
                        "<li><span class=\"swatch\" style=\"background:%s\"></span>%s <span class=\"pm\">%.1f\u00a0%%</span></li>",
                        colours.of(share.getKey()), share.getKey().label(), 100 * share.getValue()))
                .collect(Collectors.joining("", "<ul class=\"legend\">", "</ul>"));
    }
}
