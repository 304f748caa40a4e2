package org.kvant.template;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Cuts a template into tokens, and does the whitespace control: jinja2's {@code Lexer} with {@code trim_blocks} and {@code lstrip_blocks}. */
final class Lexer {
    private static final Pattern BEGIN = Pattern.compile("\\{%(?<rawsign>[-+]?)[" + Text.SPACES + "]*raw[" + Text.SPACES
            + "]*(?:-%\\}[" + Text.SPACES + "]*|%\\})|\\{(?<kind>[#%{])(?<sign>[-+]?)");
    private static final Pattern COMMENT_END = Pattern.compile("\\+#\\}|-#\\}[" + Text.SPACES + "]*|#\\}\n?");
    private static final Pattern BLOCK_END = Pattern.compile("\\+%\\}|-%\\}[" + Text.SPACES + "]*|%\\}\n?");
    private static final Pattern VARIABLE_END = Pattern.compile("-\\}\\}[" + Text.SPACES + "]*|\\}\\}");
    private static final Pattern ENDRAW = Pattern.compile("\\{%(?<sign>[-+]?)[" + Text.SPACES + "]*endraw["
            + Text.SPACES + "]*(?:\\+%\\}|-%\\}[" + Text.SPACES + "]*|%\\}\n?)");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int line = 1;
    private boolean lineStarting = true;

    private Lexer(String source) {
        this.source = source;
    }

    /** All line ends as {@code \n}, and one at the end of the template less. */
    static String normalize(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        return source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
    }

    /** @param source normalized */
    static List<Token> tokens(String source) {
        Lexer lexer = new Lexer(source);
        lexer.root();
        return lexer.tokens;
    }

    private void root() {
        Matcher begin = BEGIN.matcher(source);
        int position = 0;
        while (begin.find(position)) {
            String kind = begin.group("kind");
            boolean raw = kind == null;
            String sign = begin.group(raw ? "rawsign" : "sign");
            data(position, begin.start(), sign, !"{".equals(kind));
            int after = begin.end();
            lineStarting = false;
            if (raw) {
                countLines(begin.start(), after);
                position = raw(after);
            } else if (kind.equals("#")) {
                position = comment(after);
            } else {
                position = tag(begin.start(), after, kind.equals("%"));
            }
            lineStarting = source.charAt(position - 1) == '\n';
        }
        data(position, source.length(), "+", false);
        tokens.add(new Token(TokenType.EOF, "", line, source.length()));
    }

    private void data(int start, int end, String sign, boolean canStrip) {
        int kept = end;
        if (sign.equals("-")) {
            while (kept > start && Text.isSpace(source.charAt(kept - 1))) {
                kept--;
            }
        } else if (canStrip && !sign.equals("+")) {
            int lineStart = Math.max(source.lastIndexOf('\n', end - 1) + 1, start);
            boolean atStart = end > start && source.lastIndexOf('\n', end - 1) >= start || lineStarting;
            // As jinja2's lstrip_blocks: only where nothing but white space stands before the tag on its line.
            if (atStart && lineStart < end && isBlank(lineStart, end)) {
                kept = lineStart;
            }
        }
        if (kept > start) {
            tokens.add(new Token(TokenType.DATA, source.substring(start, kept), line, start));
        }
        countLines(start, end);
    }

    private boolean isBlank(int start, int end) {
        for (int i = start; i < end; i++) {
            if (!Text.isSpace(source.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private int comment(int start) {
        Matcher end = COMMENT_END.matcher(source);
        if (!end.find(start)) {
            throw syntax("Missing end of comment tag");
        }
        countLines(start, end.end());
        return end.end();
    }

    private int raw(int start) {
        Matcher end = ENDRAW.matcher(source);
        if (!end.find(start)) {
            throw syntax("Missing end of raw directive");
        }
        lineStarting = source.charAt(start - 1) == '\n';
        data(start, end.start(), end.group("sign"), true);
        countLines(end.start(), end.end());
        return end.end();
    }

    private int tag(int begin, int start, boolean block) {
        tokens.add(new Token(
                block ? TokenType.BLOCK_BEGIN : TokenType.VARIABLE_BEGIN, source.substring(begin, start), line, begin));
        Matcher end = (block ? BLOCK_END : VARIABLE_END).matcher(source);
        TagLexer inside = new TagLexer(source, start, line, tokens);
        while (true) {
            if (inside.balanced()
                    && end.region(inside.position(), source.length()).lookingAt()) {
                line = inside.line();
                tokens.add(new Token(
                        block ? TokenType.BLOCK_END : TokenType.VARIABLE_END, end.group(), line, inside.position()));
                countLines(inside.position(), end.end());
                return end.end();
            }
            if (!inside.next()) {
                // The parser says which tag was not closed.
                line = inside.line();
                lineStarting = false;
                return source.length();
            }
        }
    }

    private void countLines(int start, int end) {
        for (int i = start; i < end; i++) {
            if (source.charAt(i) == '\n') {
                line++;
            }
        }
    }

    private TemplateException syntax(String reason) {
        return new TemplateException(
                TemplateException.Kind.SYNTAX, reason, Place.of(line, source, source.length(), source.length()));
    }
}
