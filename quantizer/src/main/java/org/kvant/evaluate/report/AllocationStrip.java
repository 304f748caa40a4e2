package org.kvant.evaluate.report;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.kvant.gguf.GgmlType;

/** Which type each tensor has: one strip for a file, in the order of layers, as wide as the bytes are many. */
final class AllocationStrip {
    private static final int WIDTH = 1000;
    private static final int HEIGHT = 46;
    private static final double NARROWEST = 0.05;

    /** Viridis, dark to light: also told apart without colour. */
    private static final String[] COLOURS = {
        "#440154", "#482878", "#3e4a89", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"
    };

    private final Map<GgmlType, String> colours =
            new TreeMap<>(Comparator.comparingDouble(GgmlType::bitsPerWeight).thenComparing(Comparator.naturalOrder()));

    /** Gives every type of these files a colour, the same in all strips: few bits dark, many light. */
    AllocationStrip(List<ModelFacts> models) {
        models.stream()
                .flatMap(model -> model.tensors().stream())
                .forEach(tensor -> colours.put(tensor.info().type(), ""));
        int i = 0;
        for (GgmlType type : List.copyOf(colours.keySet())) {
            int last = Math.max(1, colours.size() - 1);
            colours.put(type, colour((double) i++ / last));
        }
    }

    /** Between two neighbours of {@link #COLOURS}. */
    private static String colour(double place) {
        double at = place * (COLOURS.length - 1);
        int below = Math.min((int) at, COLOURS.length - 2);
        int from = Integer.parseInt(COLOURS[below].substring(1), 16);
        int to = Integer.parseInt(COLOURS[below + 1].substring(1), 16);
        int mixed = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            int a = from >> shift & 0xFF;
            int b = to >> shift & 0xFF;
            mixed |= (int) Math.round(a + (at - below) * (b - a)) << shift;
        }
        return Html.format("#%06x", mixed);
    }

    String svg(ModelFacts model) {
        double total = model.tensors().stream().mapToLong(t -> t.info().bytes()).sum();
        StringBuilder svg = new StringBuilder(Html.format(
                "<svg class=\"strip\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\""
                        + " aria-label=\"types of %s\">",
                WIDTH, HEIGHT, Html.escape(model.name())));
        double at = 0;
        int layer = -1;
        StringBuilder borders = new StringBuilder();
        for (ModelFacts.Tensor tensor : model.tensors()) {
            double width = tensor.info().bytes() / total * WIDTH;
            if (width >= NARROWEST) {
                svg.append(Html.format(
                        "<rect x=\"%.2f\" width=\"%.2f\" y=\"0\" height=\"%d\" fill=\"%s\"><title>%s: %s, %s</title></rect>",
                        at,
                        width + 0.1,
                        HEIGHT,
                        colours.getOrDefault(tensor.info().type(), COLOURS[0]),
                        Html.escape(tensor.info().name()),
                        tensor.info().type().label(),
                        Html.bytes(tensor.info().bytes())));
            }
            if (tensor.role().layer() != layer) {
                layer = tensor.role().layer();
                borders.append(
                        Html.format("<rect class=\"border\" x=\"%.2f\" width=\"1\" height=\"%d\"/>", at, HEIGHT));
            }
            at += width;
        }
        return svg.append(borders).append("</svg>").toString();
    }

    /** What the colours mean, and each type's share of this file's bytes. */
    String legend(ModelFacts model) {
        Map<GgmlType, Long> bytes = new TreeMap<>();
        model.tensors().forEach(t -> bytes.merge(t.info().type(), t.info().bytes(), Long::sum));
        double total = bytes.values().stream().mapToLong(Long::longValue).sum();
        StringBuilder legend = new StringBuilder("<ul class=\"legend\">");
        colours.forEach((type, colour) -> {
            if (bytes.containsKey(type)) {
                legend.append(Html.format(
                        "<li><span class=\"swatch\" style=\"background:%s\"></span>%s <span class=\"pm\">%.1f %%</span></li>",
                        colour, type.label(), 100 * bytes.get(type) / total));
            }
        });
        return legend.append("</ul>").toString();
    }
}
