package org.kvant.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.kvant.evaluate.Estimate;
import org.kvant.gguf.GgmlType;

/** The report's charts as SVG files that stand alone, for documents; light and dark as the reader has it. */
public final class Pictures {
    private static final int WIDTH = 860;
    private static final int PLOT_HEIGHT = 580;
    private static final int STRIP_ROOM = 46;
    private static final int LINE = 22;
    private static final double CHARACTER = 7;

    /** Colours and sizes as in the page's style sheet. */
    private static final String STYLE =
            "<style>svg{--card:#fff;--ink:#1c1d21;--soft:#5d626c;--line:#e2e3e6;--kvant:#c2410c;--preset:#2563a8;--full:#777;"
                    + "font-family:system-ui,'Segoe UI','DejaVu Sans',sans-serif}"
                    + "@media (prefers-color-scheme:dark){svg{--card:#16181c;--ink:#e8e8ea;--soft:#9aa0ab;--line:#33363e;--kvant:#ff8f4d;--preset:#72b0f4;--full:#999}}"
                    + ".paper{fill:var(--card)}.title{fill:var(--ink);font-size:14px;font-weight:600}.text{fill:var(--ink);font-size:12.5px}.pm{fill:var(--soft)}"
                    + ".grid{stroke:var(--line)}.tick{fill:var(--soft);font-size:11px}.axis{fill:var(--soft);font-size:13px}"
                    + ".mark line{stroke-width:1.6}.kvant{fill:var(--kvant);stroke:var(--kvant)}.preset{fill:var(--preset);stroke:var(--preset)}.full{fill:var(--full);stroke:var(--full)}"
                    + ".hollow{fill:var(--card);stroke-width:2}.front{fill:none;stroke-width:1.6;stroke-dasharray:5 4;opacity:.6}"
                    + ".leader{stroke:var(--soft);stroke-width:.8}.name{font-size:12.5px;paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}"
                    + ".border{stroke:var(--card);stroke-width:1px;opacity:.75}.strip path{shape-rendering:crispEdges}</style>";

    private Pictures() {}

    /**
     * A file's place in the plot.
     *
     * @param divergence mean KL divergence, nats a token
     * @param error its standard error; 0 if it is not known
     */
    public record Point(Maker maker, String name, long bytes, double divergence, double error) {}

    /** One tensor of a file. */
    public record Tensor(String name, GgmlType type, long bytes) {}

    /** KL divergence against bytes. */
    public static String divergences(List<Point> points) {
        ScatterPlot plot = new ScatterPlot(
                points.stream()
                        .map(p -> new ScatterPlot.Point(
                                p.name(), p.maker(), p.bytes(), new Estimate(p.divergence(), p.error())))
                        .toList(),
                WIDTH,
                PLOT_HEIGHT);
        if (plot.empty()) {
            throw new IllegalArgumentException("there is nothing to draw: no divergence is above 0");
        }
        StringBuilder legend = new StringBuilder();
        double x = 68;
        for (Maker maker : points.stream().map(Point::maker).distinct().sorted().toList()) {
            legend.append(Html.format(
                    "<g class=\"mark %s\">%s</g>", maker.cssClass(), maker.shape(x, PLOT_HEIGHT + LINE / 2)));
            legend.append(text("text", x + 12, PLOT_HEIGHT + LINE / 2 + 4.5, maker.label()));
            x += 36 + maker.label().length() * CHARACTER;
        }
        return page(PLOT_HEIGHT + LINE + 8, plot.svg() + legend);
    }

    /** Which type each tensor of a file has. */
    public static String allocation(String title, List<Tensor> tensors) {
        List<AllocationStrip.Piece> pieces = tensors.stream()
                .map(t -> new AllocationStrip.Piece(TensorRole.of(t.name()), t.type(), t.bytes()))
                .sorted(Comparator.comparingInt(piece -> piece.role().place()))
                .collect(Collectors.toCollection(ArrayList::new));
        TypeColours colours = new TypeColours(
                pieces.stream().map(AllocationStrip.Piece::type).distinct().toList());
        AllocationStrip strip = new AllocationStrip(colours);
        double scale = (WIDTH - 20.0) / AllocationStrip.WIDTH;
        StringBuilder svg = new StringBuilder(text("title", 10, 20, title));
        svg.append(Html.format(
                "<g class=\"strip\" transform=\"translate(10 32) scale(%.4f 1)\">%s</g>", scale, strip.shapes(pieces)));
        for (AllocationStrip.Tick tick : strip.ticks(pieces)) {
            svg.append(Html.format(
                    "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>",
                    10 + tick.place() * (WIDTH - 20),
                    32 + STRIP_ROOM + 14,
                    tick.centred() ? "middle" : "start",
                    Html.escape(tick.text())));
        }
        double x = 10;
        int y = 32 + STRIP_ROOM + 40;
        for (Map.Entry<GgmlType, Double> share : strip.shares(pieces).entrySet()) {
            String label = share.getKey().label() + Html.format(" %.1f\u00a0%%", 100 * share.getValue());
            double width = 32 + label.length() * CHARACTER;
            if (x + width > WIDTH) {
                x = 10;
                y += LINE;
            }
            svg.append(Html.format(
                    "<path fill=\"%s\" d=\"M%.1f %dh13v13h-13z\"/>", colours.of(share.getKey()), x, y - 11));
            svg.append(text("text", x + 19, y, label));
            x += width;
        }
        return page(y + 12, svg.toString());
    }

    private static String text(String style, double x, double y, String text) {
        return Html.format("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>", style, x, y, Html.escape(text));
    }

    private static String page(int height, String content) {
        return Html.format(
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">",
                        WIDTH, height, WIDTH, height)
                + STYLE
                + Html.format("<rect class=\"paper\" width=\"%d\" height=\"%d\"/>", WIDTH, height)
                + content.replace(
                        "<svg class=\"plot",
                        Html.format("<svg width=\"%d\" height=\"%d\" class=\"plot", WIDTH, PLOT_HEIGHT))
                + "</svg>\n";
    }
}
