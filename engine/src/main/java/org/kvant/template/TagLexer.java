package org.kvant.template;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The tokens inside one tag. */
final class TagLexer {
    private static final Pattern FLOAT =
            Pattern.compile("(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
    private static final Pattern INTEGER =
            Pattern.compile("0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\\da-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");
    private static final Pattern NAME = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final List<TokenType> OPERATORS =
            Arrays.stream(TokenType.values()).filter(TokenType::operator).toList();

    private final String source;
    private final List<Token> tokens;
    private final Deque<TokenType> open = new ArrayDeque<>();
    private int position;
    private int line;

    TagLexer(String source, int position, int line, List<Token> tokens) {
        this.source = source;
        this.position = position;
        this.line = line;
        this.tokens = tokens;
    }

    int position() {
        return position;
    }

    int line() {
        return line;
    }

    /** Whether all brackets are closed, so that the tag may end here. */
    boolean balanced() {
        return open.isEmpty();
    }

    /** Adds the next token; false at the end of the template. */
    boolean next() {
        while (position < source.length() && Text.isSpace(source.charAt(position))) {
            line += source.charAt(position) == '\n' ? 1 : 0;
            position++;
            // White space is a token of its own: the tag may end behind it.
            if (position == source.length() || !Text.isSpace(source.charAt(position))) {
                return true;
            }
        }
        if (position >= source.length()) {
            return false;
        }
        char c = source.charAt(position);
        if (c >= '0' && c <= '9') {
            number();
        } else if (c == '\'' || c == '"') {
            string(c);
        } else if (!name()) {
            operator();
        }
        return true;
    }

    private void number() {
        Matcher floating = FLOAT.matcher(source).region(position, source.length());
        boolean afterDot = position > 0 && source.charAt(position - 1) == '.';
        if (!afterDot && floating.lookingAt()) {
            add(TokenType.FLOAT, Double.valueOf(floating.group().replace("_", "")), floating.end());
            return;
        }
        Matcher integer = INTEGER.matcher(source).region(position, source.length());
        if (!integer.lookingAt()) {
            throw syntax("unexpected char '" + source.charAt(position) + "'");
        }
        String digits = integer.group().replace("_", "");
        int radix = digits.length() < 2
                ? 10
                : switch (digits.charAt(1)) {
                    case 'b', 'B' -> 2;
                    case 'o', 'O' -> 8;
                    case 'x', 'X' -> 16;
                    default -> 10;
                };
        BigInteger value = new BigInteger(radix == 10 ? digits : digits.substring(2), radix);
        add(TokenType.INTEGER, Numbers.normal(value), integer.end());
    }

    private void string(char quote) {
        int end = position + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw syntax("unexpected char '" + quote + "': the string is not closed");
        }
        String value;
        try {
            value = Escapes.decode(source.substring(position + 1, end));
        } catch (TemplateException e) {
            throw syntax(e.reason());
        }
        int from = position;
        add(TokenType.STRING, value, end + 1);
        for (int i = from; i < end; i++) {
            line += source.charAt(i) == '\n' ? 1 : 0;
        }
    }

    private boolean name() {
        Matcher name = NAME.matcher(source).region(position, source.length());
        if (!name.lookingAt()) {
            return false;
        }
        if (!Character.isUnicodeIdentifierStart(name.group().codePointAt(0))
                && name.group().charAt(0) != '_') {
            throw syntax("Invalid character in identifier");
        }
        add(TokenType.NAME, name.group(), name.end());
        return true;
    }

    private void operator() {
        for (TokenType type : OPERATORS) {
            if (source.startsWith(type.text(), position)) {
                balance(type);
                add(type, type.text(), position + type.text().length());
                return;
            }
        }
        throw syntax("unexpected char " + Repr.repr(Character.toString(source.codePointAt(position))));
    }

    private void balance(TokenType type) {
        switch (type) {
            case LBRACE -> open.push(TokenType.RBRACE);
            case LPAREN -> open.push(TokenType.RPAREN);
            case LBRACKET -> open.push(TokenType.RBRACKET);
            case RBRACE, RPAREN, RBRACKET -> {
                TokenType expected = open.poll();
                if (expected != type) {
                    throw syntax("unexpected '" + type.text() + "'"
                            + (expected == null ? "" : ", expected '" + expected.text() + "'"));
                }
            }
            default -> {}
        }
    }

    private void add(TokenType type, Object value, int end) {
        tokens.add(new Token(type, value, line, position));
        position = end;
    }

    private TemplateException syntax(String reason) {
        int lineStart = source.lastIndexOf('\n', position) + 1;
        return new TemplateException(
                TemplateException.Kind.SYNTAX,
                reason,
                Place.of(line, source, Math.max(lineStart, position - 40), Math.min(source.length(), position + 20)));
    }
}
