package org.kvant.cli.terminal;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import picocli.CommandLine.Help.Ansi;

/**
 * What may be printed where.
 *
 * @param width columns of a line, at least {@link #MIN_WIDTH}
 * @param unicode whether anything beyond ASCII arrives as it should
 * @param ansi whether escape sequences are understood; false when the output is a file or a pipe
 */
public record Terminal(int width, boolean unicode, boolean ansi) {
    static final int MIN_WIDTH = 40;
    private static final int USUAL_WIDTH = 80;

    public Terminal {
        width = Math.max(width, MIN_WIDTH);
    }

    /** Standard output: {@code COLUMNS} wide, or 80. */
    public static Terminal standardOutput() {
        Charset charset = Optional.ofNullable(System.getProperty("stdout.encoding"))
                .filter(Charset::isSupported)
                .map(Charset::forName)
                .orElse(Charset.defaultCharset());
        return new Terminal(
                width(System.getenv("COLUMNS") == null ? "" : System.getenv("COLUMNS")),
                charset.equals(StandardCharsets.UTF_8),
                Ansi.AUTO.enabled());
    }

    private static int width(String columns) {
        return columns.matches("[1-9]\\d{0,3}") ? Integer.parseInt(columns) : USUAL_WIDTH;
    }

    public String bold(String text) {
        return ansi ? "\u001b[1m" + text + "\u001b[0m" : text;
    }

    public String ellipsis() {
        return unicode ? "\u2026" : "...";
    }

    /** Cuts text that is wider than {@code columns}, ending it with an ellipsis. */
    public String fit(String text, int columns) {
        if (columnsOf(text) <= columns) {
            return text;
        }
        int room = columns - ellipsis().length();
        StringBuilder kept = new StringBuilder();
        int used = 0;
        for (int point : text.codePoints().toArray()) {
            used += columnsOf(point);
            if (used > room) {
                break;
            }
            kept.appendCodePoint(point);
        }
        return kept.append(ellipsis()).toString();
    }

    /** A bar of {@code fraction} of {@code columns}; at least a sliver for more than nothing. */
    public String bar(double fraction, int columns) {
        if (!unicode) {
            return "#".repeat((int) Math.max(fraction > 0 ? 1 : 0, Math.round(fraction * columns)));
        }
        int eighths = (int) Math.max(fraction > 0 ? 1 : 0, Math.round(fraction * columns * 8));
        String rest = eighths % 8 == 0 ? "" : String.valueOf((char) (0x2590 - eighths % 8));
        return "\u2588".repeat(eighths / 8) + rest;
    }

    /** Pads on the right. */
    public static String left(String text, int columns) {
        return text + " ".repeat(Math.max(0, columns - columnsOf(text)));
    }

    /** Pads on the left. */
    static String right(String text, int columns) {
        return " ".repeat(Math.max(0, columns - columnsOf(text))) + text;
    }

    /** Columns that a terminal uses for the text: East Asian wide characters and emoji take two, combining marks none. */
    public static int columnsOf(String text) {
        return text.codePoints().map(Terminal::columnsOf).sum();
    }

    private static int columnsOf(int point) {
        int type = Character.getType(point);
        if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK) {
            return 0;
        }
        boolean wide = point >= 0x1100 && point <= 0x115F
                || point >= 0x2E80 && point <= 0xA4CF
                || point >= 0xAC00 && point <= 0xD7A3
                || point >= 0xF900 && point <= 0xFAFF
                || point >= 0xFE30 && point <= 0xFE6F
                || point >= 0xFF00 && point <= 0xFF60
                || point >= 0xFFE0 && point <= 0xFFE6
                || point >= 0x1F300 && point <= 0x1FAFF
                || point >= 0x20000 && point <= 0x3FFFD;
        return wide ? 2 : 1;
    }
}
