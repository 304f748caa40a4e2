package org.kvant.cli.terminal;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Columns of text, as wide as they need to be; the first gives way when a line would be wider than the terminal. */
public final class Table {
    private static final int INDENT = 2;
    private static final int GAP = 2;
    private static final int LEAST_FIRST = 12;

    private final Terminal terminal;
    private final boolean[] right;
    private final List<String[]> rows = new ArrayList<>();

    /** @param headings one a column; a leading {@code >} aligns it to the right */
    public Table(Terminal terminal, String... headings) {
        this.terminal = terminal;
        this.right = new boolean[headings.length];
        String[] row = new String[headings.length];
        for (int i = 0; i < row.length; i++) {
            right[i] = headings[i].startsWith(">");
            row[i] = right[i] ? headings[i].substring(1) : headings[i];
        }
        rows.add(row);
    }

    /** @param cells printable text; cells beyond the headings are left out */
    public void row(String... cells) {
        rows.add(cells.clone());
    }

    public void print(PrintWriter out) {
        int[] widths = new int[right.length];
        for (String[] row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], Terminal.columnsOf(row[i]));
            }
        }
        int others = INDENT;
        for (int i = 1; i < widths.length; i++) {
            others += GAP + widths[i];
        }
        widths[0] = Math.min(widths[0], Math.max(LEAST_FIRST, terminal.width() - others));
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder(" ".repeat(INDENT));
            for (int i = 0; i < widths.length; i++) {
                String cell = terminal.fit(row[i], widths[i]);
                line.append(i == 0 ? "" : " ".repeat(GAP))
                        .append(right[i] ? Terminal.right(cell, widths[i]) : Terminal.left(cell, widths[i]));
            }
            out.println(line.toString().stripTrailing());
        }
    }
}
