package org.kvant.benchmarks.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The medians of {@link PeerBench} as a table (CSV: what, kvant, llama-server, raw) and, beside it, as a picture: a bar for each figure, to the right where
 * Kvant is better than llama-server, to the left where it is worse, on a logarithmic scale; a tick where the raw library is.
 */
public final class PeerPicture {
    private static final String HEADER = "what,kvant,llama-server,raw";
    private static final int LEFT = 400;
    private static final int WIDTH = 470;
    private static final int RIGHT = 250;
    private static final int LINE = 24;
    private static final int TOP = 46;
    /** The scale ends at so many times better or worse; what is beyond is drawn up to the edge. */
    private static final double END = 32;

    private PeerPicture() {}

    /** Draws the picture of a table again: {@code docs/lab/speed/peers.csv}. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 1) {
            throw new IllegalArgumentException("usage: PeerPicture TABLE.csv");
        }
        Path table = Path.of(arguments[0]);
        Files.writeString(picture(table), svg(read(table)));
    }

    static void write(List<Figures.Row> rows, Path table) throws IOException {
        List<String> lines = new ArrayList<>(List.of(HEADER));
        for (Figures.Row row : rows) {
            lines.add(String.join(
                    ",",
                    row.what().replace(",", ";"),
                    Figures.number(row.ours()),
                    Figures.number(row.theirs()),
                    Figures.number(row.raw())));
        }
        Files.write(table, lines);
        Files.writeString(picture(table), svg(read(table)));
    }

    private static Path picture(Path table) {
        return table.resolveSibling(table.getFileName().toString().replaceFirst("\\.csv$", "") + ".svg");
    }

    private static List<Figures.Row> read(Path table) throws IOException {
        List<Figures.Row> rows = new ArrayList<>();
        List<String> lines = Files.readAllLines(table);
        for (String line : lines.subList(1, lines.size())) {
            String[] field = line.split(",", -1);
            if (field.length != 4) {
                throw new IllegalArgumentException(table + ": needs 4 fields: " + line);
            }
            rows.add(new Figures.Row(field[0], number(field[1]), number(field[2]), number(field[3])));
        }
        return rows;
    }

    private static double number(String text) {
        return text.isEmpty() ? Double.NaN : Double.parseDouble(text);
    }

    private static String svg(List<Figures.Row> all) {
        List<Figures.Row> rows =
                all.stream().filter(row -> row.ours() > 0 && row.theirs() > 0).toList();
        int height = TOP + LINE * rows.size() + 16;
        StringBuilder svg = new StringBuilder();
        svg.append(
                "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' font-family='sans-serif' font-size='12'>%n"
                        .formatted(LEFT + WIDTH + RIGHT, height));
        svg.append("<rect width='100%' height='100%' fill='#fff'/>\n");
        text(svg, LEFT - 10, 16, "end", "#555", "times as good as llama-server");
        for (double mark : new double[] {1 / 8.0, 1 / 4.0, 1 / 2.0, 1, 2, 4, 8, 16, 32}) {
            double x = x(mark);
            svg.append(String.format(
                    Locale.ROOT,
                    "<line x1='%.1f' y1='%d' x2='%.1f' y2='%d' stroke='%s'/>%n",
                    x,
                    TOP - 16,
                    x,
                    height - 10,
                    mark == 1 ? "#333" : "#e2e2e2"));
            text(svg, x, 16, "middle", "#555", mark < 1 ? "1/%.0f".formatted(1 / mark) : "%.0f".formatted(mark));
        }
        for (int i = 0; i < rows.size(); i++) {
            bar(svg, rows.get(i), TOP + LINE * i);
        }
        return svg.append("</svg>\n").toString();
    }

    private static void bar(StringBuilder svg, Figures.Row row, int y) {
        double better = better(row.what(), row.ours(), row.theirs());
        double from = Math.min(x(better), x(1));
        svg.append(String.format(
                Locale.ROOT,
                "<rect x='%.1f' y='%d' width='%.1f' height='14' fill='%s'/>%n",
                from,
                y - 4,
                Math.max(1, Math.abs(x(better) - x(1))),
                better >= 1 ? "#3274d9" : "#e0813b"));
        if (row.raw() > 0) {
            double x = x(better(row.what(), row.raw(), row.theirs()));
            svg.append(String.format(
                    Locale.ROOT,
                    "<line x1='%.1f' y1='%d' x2='%.1f' y2='%d' stroke='#111' stroke-width='2'/>%n",
                    x,
                    y - 7,
                    x,
                    y + 13));
        }
        text(svg, LEFT - 10, y + 7, "end", "#222", row.what().replace(';', ','));
        String values = Figures.number(row.ours()) + " / " + Figures.number(row.theirs())
                + (row.raw() > 0 ? "; raw " + Figures.number(row.raw()) : "");
        text(svg, LEFT + WIDTH + 10, y + 7, "start", "#222", values);
    }

    /** Rates and counts of answers are to be high, times and memory low. */
    private static double better(String what, double ours, double theirs) {
        boolean high = what.contains("tok/s")
                || what.contains("answered") && !what.contains("unanswered")
                || what.contains("a second");
        return high ? ours / theirs : theirs / ours;
    }

    private static double x(double times) {
        double low = Math.log(1 / 8.0);
        double high = Math.log(END);
        double at = Math.clamp((Math.log(times) - low) / (high - low), 0, 1);
        return LEFT + WIDTH * at;
    }

    private static void text(StringBuilder svg, double x, double y, String anchor, String colour, String text) {
        svg.append(String.format(
                Locale.ROOT,
                "<text x='%.1f' y='%.1f' text-anchor='%s' fill='%s'>%s</text>%n",
                x,
                y,
                anchor,
                colour,
                text.replace("&", "&amp;").replace("<", "&lt;")));
    }
}
