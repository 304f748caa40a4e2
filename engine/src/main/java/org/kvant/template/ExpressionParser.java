package org.kvant.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Expressions, with jinja2's grammar and precedence: method for method its {@code Parser}. */
final class ExpressionParser {
    /** Deeper nesting could overflow the stack of whoever renders. */
    private static final int DEEPEST = 150;

    private final TokenStream stream;
    private final List<String> namesRead = new ArrayList<>();
    private int depth;

    ExpressionParser(TokenStream stream) {
        this.stream = stream;
    }

    /** Variables in the order in which the template speaks of them. */
    List<String> namesRead() {
        return namesRead;
    }

    Expr expression() {
        if (++depth > DEEPEST) {
            throw stream.fail("the expression nests deeper than " + DEEPEST + " levels; split it with set");
        }
        Expr parsed = conditional();
        depth--;
        return parsed;
    }

    /** One expression, or several with commas between them, which make a tuple. */
    Expr tuple(boolean withConditional, boolean parenthesized, @Nullable String endName) {
        List<Expr> items = new ArrayList<>();
        boolean several = false;
        while (true) {
            if (!items.isEmpty()) {
                stream.expect(TokenType.COMMA);
            }
            if (stream.atTupleEnd(endName)) {
                break;
            }
            items.add(withConditional ? expression() : or());
            if (!stream.at(TokenType.COMMA)) {
                break;
            }
            several = true;
        }
        if (!several) {
            if (!items.isEmpty()) {
                return items.getFirst();
            }
            if (!parenthesized) {
                throw stream.fail("Expected an expression, got "
                        + Repr.repr(stream.current().describe()));
            }
        }
        return new Expr.TupleOf(List.copyOf(items));
    }

    private Expr conditional() {
        Expr value = or();
        while (stream.skipIf("if")) {
            Expr test = or();
            Expr otherwise = stream.skipIf("else") ? expression() : null;
            value = new Expr.Conditional(test, value, otherwise);
        }
        return value;
    }

    Expr or() {
        Expr left = and();
        while (stream.skipIf("or")) {
            left = new Expr.Or(left, and());
        }
        return left;
    }

    private Expr and() {
        Expr left = not();
        while (stream.skipIf("and")) {
            left = new Expr.And(left, not());
        }
        return left;
    }

    private Expr not() {
        int count = 0;
        while (stream.skipIf("not")) {
            count++;
        }
        Expr value = compare();
        for (int i = 0; i < (count == 0 ? 0 : 2 - count % 2); i++) {
            value = new Expr.Not(value);
        }
        return value;
    }

    private Expr compare() {
        Expr first = sum();
        List<Expr.Operand> rest = new ArrayList<>();
        while (true) {
            Comparison.Operator operator =
                    Comparison.Operator.of(stream.current().type());
            if (operator != null) {
                stream.next();
            } else if (stream.skipIf("in")) {
                operator = Comparison.Operator.IN;
            } else if (stream.at("not") && stream.look().is("in")) {
                stream.next();
                stream.next();
                operator = Comparison.Operator.NOT_IN;
            } else {
                return rest.isEmpty() ? first : new Expr.Compare(first, List.copyOf(rest));
            }
            rest.add(new Expr.Operand(operator, sum()));
        }
    }

    private Expr sum() {
        Expr left = concat();
        while (stream.at(TokenType.ADD) || stream.at(TokenType.SUB)) {
            TokenType operator = stream.next().type();
            left = new Expr.Binary(operator, left, concat());
        }
        return left;
    }

    private Expr concat() {
        Expr first = product();
        if (!stream.at(TokenType.TILDE)) {
            return first;
        }
        List<Expr> parts = new ArrayList<>(List.of(first));
        while (stream.skipIf(TokenType.TILDE)) {
            parts.add(product());
        }
        return new Expr.Concat(List.copyOf(parts));
    }

    private Expr product() {
        Expr left = power();
        while (true) {
            switch (stream.current().type()) {
                case MUL, DIV, FLOORDIV, MOD -> {
                    TokenType operator = stream.next().type();
                    left = new Expr.Binary(operator, left, power());
                }
                default -> {
                    return left;
                }
            }
        }
    }

    private Expr power() {
        Expr left = unary(true);
        while (stream.skipIf(TokenType.POW)) {
            left = new Expr.Binary(TokenType.POW, left, unary(true));
        }
        return left;
    }

    private Expr unary(boolean withFilter) {
        Expr value;
        if (++depth > DEEPEST) {
            throw stream.fail("the expression nests deeper than " + DEEPEST + " levels; split it with set");
        }
        if (stream.skipIf(TokenType.SUB)) {
            value = new Expr.Negative(unary(false));
        } else if (stream.skipIf(TokenType.ADD)) {
            value = new Expr.Positive(unary(false));
        } else {
            value = primary();
        }
        depth--;
        value = postfix(value);
        return withFilter ? filtersAndTests(value) : value;
    }

    private Expr primary() {
        Token token = stream.current();
        switch (token.type()) {
            case NAME -> {
                stream.next();
                return named((String) token.value());
            }
            case STRING -> {
                StringBuilder text = new StringBuilder();
                while (stream.at(TokenType.STRING)) {
                    text.append(stream.next().value());
                }
                return new Expr.Const(text.toString());
            }
            case INTEGER, FLOAT -> {
                stream.next();
                return new Expr.Const(token.value());
            }
            case LPAREN -> {
                stream.next();
                Expr value = tuple(true, true, null);
                stream.expect(TokenType.RPAREN);
                return value;
            }
            case LBRACKET -> {
                stream.next();
                return new Expr.ListOf(items());
            }
            case LBRACE -> {
                return dict();
            }
            default -> throw stream.fail("unexpected " + Repr.repr(token.describe()));
        }
    }

    private Expr named(String name) {
        return switch (name) {
            case "true", "True" -> new Expr.Const(true);
            case "false", "False" -> new Expr.Const(false);
            case "none", "None" -> new Expr.Const(None.NONE);
            default -> {
                namesRead.add(name);
                yield new Expr.Name(name);
            }
        };
    }

    private List<Expr> items() {
        List<Expr> items = new ArrayList<>();
        while (!stream.at(TokenType.RBRACKET)) {
            if (!items.isEmpty()) {
                stream.expect(TokenType.COMMA);
            }
            if (stream.at(TokenType.RBRACKET)) {
                break;
            }
            items.add(expression());
        }
        stream.expect(TokenType.RBRACKET);
        return List.copyOf(items);
    }

    private Expr dict() {
        stream.expect(TokenType.LBRACE);
        List<Expr.Pair> pairs = new ArrayList<>();
        while (!stream.at(TokenType.RBRACE)) {
            if (!pairs.isEmpty()) {
                stream.expect(TokenType.COMMA);
            }
            if (stream.at(TokenType.RBRACE)) {
                break;
            }
            Expr key = expression();
            stream.expect(TokenType.COLON);
            pairs.add(new Expr.Pair(key, expression()));
        }
        stream.expect(TokenType.RBRACE);
        return new Expr.DictOf(List.copyOf(pairs));
    }

    private Expr postfix(Expr value) {
        Expr owner = value;
        while (true) {
            switch (stream.current().type()) {
                case DOT -> owner = member(owner);
                case LBRACKET -> owner = subscript(owner);
                case LPAREN -> owner = new Expr.Call(owner, arguments());
                default -> {
                    return owner;
                }
            }
        }
    }

    private Expr filtersAndTests(Expr value) {
        Expr subject = value;
        while (true) {
            if (stream.skipIf(TokenType.PIPE)) {
                subject = filter(subject);
            } else if (stream.skipIf("is")) {
                subject = test(subject);
            } else if (stream.at(TokenType.LPAREN)) {
                subject = new Expr.Call(subject, arguments());
            } else {
                return subject;
            }
        }
    }

    private Expr member(Expr owner) {
        stream.expect(TokenType.DOT);
        Token token = stream.next();
        return switch (token.type()) {
            case NAME -> new Expr.Attribute(owner, (String) token.value());
            case INTEGER -> new Expr.Item(owner, new Expr.Const(token.value()));
            default -> throw stream.fail("expected name or number");
        };
    }

    private Expr subscript(Expr owner) {
        stream.expect(TokenType.LBRACKET);
        if (stream.at(TokenType.COLON)) {
            return slice(owner, null);
        }
        List<Expr> keys = new ArrayList<>();
        do {
            keys.add(expression());
            if (stream.at(TokenType.COLON)) {
                if (keys.size() > 1) {
                    throw stream.fail("a slice with several dimensions");
                }
                return slice(owner, keys.getFirst());
            }
        } while (stream.skipIf(TokenType.COMMA) && !stream.at(TokenType.RBRACKET));
        stream.expect(TokenType.RBRACKET);
        return new Expr.Item(owner, keys.size() == 1 ? keys.getFirst() : new Expr.TupleOf(List.copyOf(keys)));
    }

    private Expr slice(Expr owner, @Nullable Expr start) {
        stream.expect(TokenType.COLON);
        Expr stop = stream.at(TokenType.COLON) || stream.at(TokenType.RBRACKET) ? null : expression();
        Expr step = stream.skipIf(TokenType.COLON) && !stream.at(TokenType.RBRACKET) ? expression() : null;
        stream.expect(TokenType.RBRACKET);
        return new Expr.Slice(owner, start, stop, step);
    }

    private Expr.CallArguments arguments() {
        stream.expect(TokenType.LPAREN);
        List<Expr> positional = new ArrayList<>();
        List<Expr.Named> named = new ArrayList<>();
        Expr spread = null;
        Expr spreadNamed = null;
        boolean more = false;
        while (!stream.at(TokenType.RPAREN)) {
            if (more) {
                stream.expect(TokenType.COMMA);
                if (stream.at(TokenType.RPAREN)) {
                    break;
                }
            }
            if (stream.at(TokenType.MUL)) {
                ensure(spread == null && spreadNamed == null);
                stream.next();
                spread = expression();
            } else if (stream.at(TokenType.POW)) {
                ensure(spreadNamed == null);
                stream.next();
                spreadNamed = expression();
            } else if (stream.at(TokenType.NAME) && stream.look().type() == TokenType.ASSIGN) {
                ensure(spreadNamed == null);
                String name = stream.name();
                stream.next();
                if (named.stream().anyMatch(other -> other.name().equals(name))) {
                    throw stream.fail("keyword argument repeated: " + name);
                }
                named.add(new Expr.Named(name, expression()));
            } else {
                ensure(spread == null && spreadNamed == null && named.isEmpty());
                positional.add(expression());
            }
            more = true;
        }
        stream.expect(TokenType.RPAREN);
        return new Expr.CallArguments(List.copyOf(positional), List.copyOf(named), spread, spreadNamed);
    }

    private void ensure(boolean valid) {
        if (!valid) {
            throw stream.fail("invalid syntax for function call expression");
        }
    }

    /** Behind the {@code |}: one filter. */
    Expr.Filter filter(@Nullable Expr value) {
        String name = dottedName();
        boolean called = stream.at(TokenType.LPAREN);
        return new Expr.Filter(value, name, called ? arguments() : Expr.CallArguments.NONE);
    }

    /** Filters of a block's text; null if there are none. */
    Expr.@Nullable Filter filters(boolean firstInline) {
        Expr.Filter chain = firstInline ? filter(null) : null;
        while (stream.skipIf(TokenType.PIPE)) {
            chain = filter(chain);
        }
        return chain;
    }

    private Expr test(Expr value) {
        boolean negated = stream.skipIf("not");
        String name = dottedName();
        Expr.CallArguments arguments = Expr.CallArguments.NONE;
        if (stream.at(TokenType.LPAREN)) {
            arguments = arguments();
        } else if (startsArgument()) {
            if (stream.at("is")) {
                throw stream.fail("You cannot chain multiple tests with is");
            }
            arguments = new Expr.CallArguments(List.of(postfix(primary())), List.of(), null, null);
        }
        Expr test = new Expr.Test(value, name, arguments);
        return negated ? new Expr.Not(test) : test;
    }

    private boolean startsArgument() {
        return switch (stream.current().type()) {
            case NAME -> !Set.of("else", "or", "and").contains(stream.current().value());
            case STRING, INTEGER, FLOAT, LBRACKET, LBRACE -> true;
            default -> false;
        };
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(stream.name());
        while (stream.skipIf(TokenType.DOT)) {
            name.append('.').append(stream.name());
        }
        return name.toString();
    }
}
