package org.kvant.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tokens in turn, as the parser wants them. */
final class TokenStream {
    private final String source;
    private final List<Token> tokens;
    private int index;

    TokenStream(String source, List<Token> tokens) {
        this.source = source;
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(index);
    }

    Token look() {
        return tokens.get(Math.min(index + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = current();
        if (index < tokens.size() - 1) {
            index++;
        }
        return token;
    }

    boolean at(TokenType type) {
        return current().type() == type;
    }

    boolean at(String name) {
        return current().is(name);
    }

    boolean skipIf(TokenType type) {
        if (at(type)) {
            next();
            return true;
        }
        return false;
    }

    boolean skipIf(String name) {
        if (at(name)) {
            next();
            return true;
        }
        return false;
    }

    Token expect(TokenType type) {
        if (!at(type)) {
            throw fail(
                    current().type() == TokenType.EOF
                            ? "unexpected end of template, expected " + Repr.repr(type.text())
                            : "expected token " + Repr.repr(type.text()) + ", got "
                                    + Repr.repr(current().describe()));
        }
        return next();
    }

    Token expect(String name) {
        if (!at(name)) {
            throw fail("expected token " + Repr.repr(name) + ", got "
                    + Repr.repr(current().describe()));
        }
        return next();
    }

    String name() {
        return (String) expect(TokenType.NAME).value();
    }

    /** Whether a list of expressions without brackets ends here. */
    boolean atTupleEnd(@Nullable String endName) {
        return switch (current().type()) {
            case VARIABLE_END, BLOCK_END, RPAREN -> true;
            default -> endName != null && at(endName);
        };
    }

    /** The place of the tag that the current token is in. */
    Place place() {
        int begin = index;
        while (begin > 0
                && tokens.get(begin).type() != TokenType.BLOCK_BEGIN
                && tokens.get(begin).type() != TokenType.VARIABLE_BEGIN) {
            begin--;
        }
        int end = begin;
        while (end < tokens.size() - 1
                && tokens.get(end).type() != TokenType.BLOCK_END
                && tokens.get(end).type() != TokenType.VARIABLE_END) {
            end++;
        }
        Token first = tokens.get(begin);
        Token last = tokens.get(end);
        int stop = last.type() == TokenType.EOF
                ? last.start()
                : last.start() + last.value().toString().stripTrailing().length();
        return Place.of(first.line(), source, first.start(), stop);
    }

    TemplateException fail(String reason) {
        return new TemplateException(
                TemplateException.Kind.SYNTAX, reason, new Place(current().line(), place().excerpt()));
    }
}
