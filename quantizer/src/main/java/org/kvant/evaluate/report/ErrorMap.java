package org.kvant.evaluate.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Relative error of the weights by role (rows) and layer (columns), one map for a file; all maps have the same scale. */
final class ErrorMap {
    private static final int CELL = 16;
    private static final int GAP = 2;
    private static final int LEFT = 104;
    private static final int TOP = 18;
    private static final int WIDEST = 900;
    private static final double DARKEST = 0.92;

    private final double largest;

    ErrorMap(List<ModelFacts> models) {
        largest = models.stream()
                .flatMap(model -> model.tensors().stream())
                .flatMapToDouble(tensor -> tensor.error().stream())
                .max()
                .orElse(0);
    }

    boolean empty() {
        return largest == 0;
    }

    double largest() {
        return largest;
    }

    String svg(ModelFacts model) {
        List<ModelFacts.Tensor> known =
                model.tensors().stream().filter(t -> t.error().isPresent()).toList();
        if (known.isEmpty()) {
            return "<p>No tensor of it is quantized in the shape that the reference has.</p>";
        }
        Set<String> roles = new LinkedHashSet<>();
        known.stream()
                .filter(t -> t.role().layer() >= 0)
                .forEach(t -> roles.add(t.role().name()));
        List<String> rows = new ArrayList<>(roles);
        known.stream()
                .filter(t -> t.role().layer() < 0)
                .forEach(t -> rows.add(t.role().name()));
        int layers = known.stream().mapToInt(t -> t.role().layer()).max().orElse(0) + 1;
        int cell = Math.max(4, Math.min(CELL, (WIDEST - LEFT) / Math.max(1, layers)));
        int width = LEFT + Math.max(8, layers) * cell + 8;
        int height = TOP + rows.size() * CELL + 4;
        StringBuilder svg = new StringBuilder(Html.format(
                "<svg class=\"map\" style=\"width:%dpx\" viewBox=\"0 0 %d %d\" role=\"img\""
                        + " aria-label=\"weight errors of %s\">",
                width, width, height, Html.escape(model.name())));
        int every = Math.max(1, Math.ceilDiv(28, cell));
        for (int layer = 0; layer < layers; layer += every) {
            svg.append(Html.format(
                    "<text class=\"tick\" x=\"%d\" y=\"12\" text-anchor=\"middle\">%d</text>",
                    LEFT + layer * cell + cell / 2, layer));
        }
        for (int row = 0; row < rows.size(); row++) {
            svg.append(Html.format(
                    "<text class=\"tick\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>",
                    LEFT - 6, TOP + row * CELL + 11, Html.escape(shorten(rows.get(row)))));
        }
        for (ModelFacts.Tensor tensor : known) {
            int row = rows.indexOf(tensor.role().name());
            int column = Math.max(0, tensor.role().layer());
            double error = tensor.error().orElse(0);
            svg.append(Html.format(
                    "<rect class=\"cell\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill-opacity=\"%.3f\">"
                            + "<title>%s: %s, %.2f %%</title></rect>",
                    LEFT + column * cell,
                    TOP + row * CELL,
                    cell - (cell > 6 ? GAP : 1),
                    CELL - GAP,
                    0.06 + (DARKEST - 0.06) * error / largest,
                    Html.escape(tensor.info().name()),
                    tensor.info().type().label(),
                    100 * error));
        }
        return svg.append("</svg>").toString();
    }

    private static String shorten(String role) {
        return role.length() <= 15 ? role : role.substring(0, 14) + "…";
    }
}
