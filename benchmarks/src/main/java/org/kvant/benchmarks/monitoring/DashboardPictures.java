package org.kvant.benchmarks.monitoring;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Draws a Grafana dashboard as SVG without Grafana: every panel where the dashboard puts it, with what a real Prometheus answers to its queries.
 *
 * <pre>java -cp benchmarks.jar org.kvant.benchmarks.monitoring.DashboardPictures PROMETHEUS SECONDS DASHBOARD.json PICTURE.svg ...</pre>
 */
public final class DashboardPictures {
    private static final double COLUMN = 54;
    private static final double ROW = 27;
    private static final double GAP = 6;
    private static final int COLUMNS = 24;

    private DashboardPictures() {}

    /** Arguments: address of Prometheus, seconds until now to show, then dashboards and pictures in turn. */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length < 4 || args.length % 2 != 0) {
            System.err.println("usage: DashboardPictures PROMETHEUS SECONDS DASHBOARD.json PICTURE.svg ...");
            System.exit(2);
        }
        int seconds = Integer.parseInt(args[1]);
        for (int i = 2; i < args.length; i += 2) {
            PrometheusQueries prometheus = new PrometheusQueries(args[0], seconds, Math.max(1, seconds / 120), 10);
            Files.writeString(
                    Path.of(args[i + 1]), draw(JsonTree.parse(Files.readString(Path.of(args[i]))), prometheus));
        }
    }

    private static String draw(JsonTree dashboard, PrometheusQueries prometheus)
            throws IOException, InterruptedException {
        List<JsonTree> panels = dashboard.at("panels").list();
        double bottom = panels.stream()
                .mapToDouble(panel -> panel.at("gridPos", "y").number()
                        + panel.at("gridPos", "h").number())
                .max()
                .orElse(0);
        double width = COLUMNS * COLUMN + GAP;
        double height = 40 + bottom * ROW + GAP;
        StringBuilder svg = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %.0f %.0f' width='%.0f' height='%.0f'"
                        + " font-family='Helvetica, Arial, sans-serif'>%n<rect width='100%%' height='100%%' fill='#f4f5f5'/>%n"
                        + "<text x='%.0f' y='26' font-size='18' fill='#222'>%s</text>%n",
                width,
                height,
                width,
                height,
                GAP + 4,
                dashboard.at("title").text()));
        for (JsonTree panel : panels) {
            JsonTree place = panel.at("gridPos");
            new PanelPicture(svg, prometheus, panel, new double[] {
                        GAP + place.at("x").number() * COLUMN,
                        40 + place.at("y").number() * ROW,
                        place.at("w").number() * COLUMN - GAP,
                        place.at("h").number() * ROW - GAP
                    })
                    .draw();
        }
        return svg.append("</svg>\n").toString();
    }
}
