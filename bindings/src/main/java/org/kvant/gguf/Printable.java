package org.kvant.gguf;

/** Text out of files made safe for a terminal or a log line: a file may hold escape sequences. */
public final class Printable {
    private Printable() {}

    /**
     * The text on one line: control characters, line separators, bidirectional overrides and lone surrogates become {@code \n}, {@code \t}
     * or {@code \}{@code uXXXX}.
     */
    public static String oneLine(String text) {
        StringBuilder safe = null;
        int length = text.length();
        for (int i = 0; i < length; ) {
            int point = text.codePointAt(i);
            int width = Character.charCount(point);
            if (unsafe(point)) {
                if (safe == null) {
                    safe = new StringBuilder(length + 16).append(text, 0, i);
                }
                switch (point) {
                    case '\n' -> safe.append("\\n");
                    case '\r' -> safe.append("\\r");
                    case '\t' -> safe.append("\\t");
                    default -> safe.append(String.format("\\u%04X", point));
                }
            } else if (safe != null) {
                safe.appendCodePoint(point);
            }
            i += width;
        }
        return safe == null ? text : safe.toString();
    }

    private static boolean unsafe(int point) {
        return switch (Character.getType(point)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED -> true;
            default -> false;
        };
    }
}
