package org.kvant.template;

/** Backslash escapes of string literals: Python's {@code unicode-escape}. */
final class Escapes {
    private Escapes() {}

    static String decode(String literal) {
        if (literal.indexOf('\\') < 0) {
            return literal;
        }
        StringBuilder out = new StringBuilder(literal.length());
        for (int i = 0; i < literal.length(); i++) {
            char c = literal.charAt(i);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char escaped = literal.charAt(++i);
            switch (escaped) {
                case '\n' -> {}
                case '\\', '\'', '"' -> out.append(escaped);
                case 'a' -> out.append('\u0007');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 't' -> out.append('\t');
                case 'v' -> out.append('\u000b');
                case 'x' -> i = hex(literal, i, 2, out);
                case 'u' -> i = hex(literal, i, 4, out);
                case 'U' -> i = hex(literal, i, 8, out);
                case 'N' -> i = named(literal, i, out);
                case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                    int end = i;
                    while (end < literal.length() && end < i + 3 && "01234567".indexOf(literal.charAt(end)) >= 0) {
                        end++;
                    }
                    out.append((char) Integer.parseInt(literal, i, end, 8));
                    i = end - 1;
                }
                default -> out.append('\\').append(escaped);
            }
        }
        return out.toString();
    }

    private static int hex(String literal, int at, int digits, StringBuilder out) {
        int end = at + 1 + digits;
        try {
            out.appendCodePoint(Integer.parseInt(literal, at + 1, end, 16));
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw TemplateException.value("truncated or illegal \\" + literal.charAt(at) + " escape in a string");
        }
        return end - 1;
    }

    private static int named(String literal, int at, StringBuilder out) {
        int close = literal.indexOf('}', at);
        try {
            out.appendCodePoint(Character.codePointOf(literal.substring(at + 2, close)));
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw TemplateException.value("unknown Unicode character name in a string");
        }
        return close;
    }
}
