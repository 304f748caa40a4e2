package org.kvant.quantize;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Compiles the regular expressions that llama-quantize takes (C++ {@code std::regex}, ECMAScript grammar) with
 * {@link Pattern}, whose grammar differs: POSIX classes are spelled otherwise, brackets nest, and much that ECMAScript
 * refuses is accepted. What means something else there is translated or refused, never silently taken differently.
 */
final class EcmaPattern {
    private final String source;
    private final StringBuilder out = new StringBuilder();
    private int at;

    private EcmaPattern(String source) {
        this.source = source;
    }

    /**
     * @throws IllegalArgumentException if {@code std::regex} would refuse the expression
     */
    static Pattern compile(String source) {
        String translated = new EcmaPattern(source).translate();
        try {
            return Pattern.compile(translated);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "'" + source + "' is not a regular expression: " + e.getDescription(), e);
        }
    }

    private String translate() {
        while (at < source.length()) {
            char c = source.charAt(at);
            switch (c) {
                case '\\' -> escape(false);
                case '[' -> bracket();
                case '(' -> group();
                case '*', '+', '?' -> quantifier(String.valueOf(c));
                case '{' -> quantifier(braces());
                default -> {
                    out.append(c);
                    at++;
                }
            }
        }
        return out.toString();
    }

    /** ECMAScript has no possessive quantifiers: {@code a++} is an error there. */
    private void quantifier(String text) {
        out.append(text);
        at += text.length();
        if (at < source.length() && source.charAt(at) == '?') {
            out.append('?');
            at++;
        }
        if (at < source.length()
                && (source.charAt(at) == '*' || source.charAt(at) == '+' || source.charAt(at) == '?')) {
            throw refused("nothing to repeat before '" + source.charAt(at) + "'");
        }
    }

    private String braces() {
        int end = source.indexOf('}', at);
        if (end < 0) {
            throw refused("'{' without '}'");
        }
        return source.substring(at, end + 1);
    }

    /** Only {@code (?:}, {@code (?=} and {@code (?!} exist. */
    private void group() {
        out.append('(');
        at++;
        if (at < source.length() && source.charAt(at) == '?') {
            char kind = at + 1 < source.length() ? source.charAt(at + 1) : 0;
            if (kind != ':' && kind != '=' && kind != '!') {
                throw refused("'(?' must be followed by ':', '=' or '!'");
            }
            out.append('?').append(kind);
            at += 2;
        }
    }

    private void escape(boolean inBracket) {
        if (at + 1 >= source.length()) {
            throw refused("a backslash at the end");
        }
        char c = source.charAt(at + 1);
        boolean letterOrDigit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letterOrDigit) {
            String known = inBracket ? "dDsSwWbtnvfrxuc0" : "dDsSwWbBtnvfrxuc0123456789";
            if (known.indexOf(c) < 0) {
                throw refused("unknown escape '\\" + c + "'");
            }
        }
        switch (c) {
            case 'v' -> out.append("\\x0B");
            case '0' -> out.append("\\x00");
            case 'b' -> out.append(inBracket ? "\\x08" : "\\b");
            default -> out.append('\\').append(c);
        }
        at += 2;
    }

    private void bracket() {
        int open = at;
        out.append('[');
        at++;
        if (at < source.length() && source.charAt(at) == '^') {
            out.append('^');
            at++;
        }
        while (true) {
            if (at >= source.length()) {
                throw refused("'[' without ']'");
            }
            char c = source.charAt(at);
            if (c == ']') {
                if (out.charAt(out.length() - 1) == '[' && at == open + 1) {
                    throw refused("an empty '[]'");
                }
                out.append(']');
                at++;
                return;
            }
            if (c == '[') {
                bracketInside();
            } else if (c == '\\') {
                escape(true);
            } else {
                if (c == '&') {
                    out.append('\\'); // && would intersect
                }
                out.append(c);
                at++;
            }
        }
    }

    private void bracketInside() {
        if (source.startsWith("[:", at)) {
            int end = source.indexOf(":]", at);
            String name = end < 0 ? "" : source.substring(at + 2, end);
            out.append(
                    switch (name) {
                        case "alpha" -> "\\p{Alpha}";
                        case "digit", "d" -> "\\p{Digit}";
                        case "alnum" -> "\\p{Alnum}";
                        case "upper" -> "\\p{Upper}";
                        case "lower" -> "\\p{Lower}";
                        case "space", "s" -> "\\s";
                        case "blank" -> "\\p{Blank}";
                        case "punct" -> "\\p{Punct}";
                        case "cntrl" -> "\\p{Cntrl}";
                        case "graph" -> "\\p{Graph}";
                        case "print" -> "\\p{Print}";
                        case "xdigit" -> "\\p{XDigit}";
                        case "w" -> "\\w";
                        default -> throw refused("unknown character class '[:" + name + "'");
                    });
            at = end + 2;
        } else if (source.startsWith("[=", at) || source.startsWith("[.", at)) {
            throw refused("collating elements are not supported");
        } else {
            out.append("\\[");
            at++;
        }
    }

    private IllegalArgumentException refused(String why) {
        return new IllegalArgumentException("'" + source + "' is not a regular expression: " + why);
    }
}
