package org.kvant.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Statements and the text between them. */
final class StatementParser {
    private static final int DEEPEST = 100;

    private final TokenStream stream;
    private final ExpressionParser expressions;
    private final TargetParser targets;
    /** Loops that a break or continue would end, innermost function only. */
    private int loops;

    private int depth;
    private int insideFor;

    private StatementParser(TokenStream stream) {
        this.stream = stream;
        expressions = new ExpressionParser(stream);
        targets = new TargetParser(stream);
    }

    static Body parse(String source) {
        StatementParser parser = new StatementParser(new TokenStream(source, Lexer.tokens(source)));
        Body template = parser.until(Set.of());
        NameAnalysis.of(template);
        return template;
    }

    /** Statements up to a tag of one of these names, whose name is then the current token. */
    private Body until(Set<String> ends) {
        if (++depth > DEEPEST) {
            throw stream.fail("tags nest deeper than " + DEEPEST + " levels");
        }
        List<Stmt> body = new ArrayList<>();
        while (true) {
            switch (stream.current().type()) {
                case DATA -> body.add(new Stmt.Text((String) stream.next().value()));
                case VARIABLE_BEGIN -> {
                    Place place = stream.place();
                    stream.next();
                    body.add(new Stmt.Print(place, expressions.tuple(true, false, null)));
                    stream.expect(TokenType.VARIABLE_END);
                }
                case BLOCK_BEGIN -> {
                    Place place = stream.place();
                    stream.next();
                    if (stream.at(TokenType.NAME)
                            && ends.contains((String) stream.current().value())) {
                        depth--;
                        return new Body(List.copyOf(body));
                    }
                    statement(place, body);
                    stream.expect(TokenType.BLOCK_END);
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw stream.fail("Unexpected end of template. Jinja was looking for the following tags: "
                                + String.join(
                                        " or ",
                                        ends.stream().sorted().map(Repr::repr).toList()) + ".");
                    }
                    depth--;
                    return new Body(List.copyOf(body));
                }
            }
        }
    }

    /** The body of a block tag, whose head ends here; its end tag's name is dropped if {@code drop}. */
    private Body body(boolean drop, String... ends) {
        stream.skipIf(TokenType.COLON);
        stream.expect(TokenType.BLOCK_END);
        Body body = until(Set.of(ends));
        if (drop) {
            stream.next();
        }
        return body;
    }

    private void statement(Place place, List<Stmt> into) {
        if (!stream.at(TokenType.NAME)) {
            throw stream.fail("tag name expected");
        }
        String tag = stream.name();
        switch (tag) {
            case "for" -> into.add(forLoop(place));
            case "if" -> into.add(ifChain(place));
            case "set" -> into.add(set(place));
            case "macro" -> into.add(new Stmt.DefineMacro(place, macro()));
            case "call" -> into.add(call(place));
            case "filter" -> into.add(filter(place));
            case "with" -> into.add(with(place));
            case "print" -> print(place, into);
            case "generation" -> into.add(new Stmt.Scoped(functionBody("endgeneration")));
            case "block" -> into.add(block());
            case "break", "continue" -> {
                if (loops == 0) {
                    throw stream.fail("'" + tag + "' outside of a loop");
                }
                into.add(tag.equals("break") ? new Stmt.Break() : new Stmt.Continue());
            }
            case "include", "import", "extends", "from" -> {
                while (!stream.at(TokenType.BLOCK_END) && !stream.at(TokenType.EOF)) {
                    stream.next();
                }
                into.add(new Stmt.Load(place, tag));
            }
            default -> throw stream.fail("Encountered unknown tag " + Repr.repr(tag) + ".");
        }
    }

    private Stmt forLoop(Place place) {
        insideFor++;
        Target target = targets.target("in", false);
        refuseLoop(target);
        stream.expect("in");
        Expr items = expressions.tuple(false, false, "recursive");
        Expr test = stream.skipIf("if") ? expressions.expression() : null;
        boolean recursive = stream.skipIf("recursive");
        int outer = loops;
        // A recursive loop is a function in jinja2, so that nothing in its else branch can leave the outer loop.
        loops = recursive ? 1 : loops + 1;
        Body body = body(false, "endfor", "else");
        loops = recursive ? 0 : outer;
        Body otherwise = stream.next().is("else") ? body(true, "endfor") : Body.EMPTY;
        loops = outer;
        insideFor--;
        return new Stmt.For(place, target, items, test, recursive, body, otherwise);
    }

    private Stmt ifChain(Place place) {
        List<Stmt.Branch> branches = new ArrayList<>();
        Expr test = expressions.tuple(false, false, null);
        Body then = body(false, "elif", "else", "endif");
        branches.add(new Stmt.Branch(place, test, then));
        while (stream.at("elif")) {
            Place elif = stream.place();
            stream.next();
            Expr other = expressions.tuple(false, false, null);
            branches.add(new Stmt.Branch(elif, other, body(false, "elif", "else", "endif")));
        }
        Body otherwise = stream.next().is("else") ? body(true, "endif") : Body.EMPTY;
        return new Stmt.If(List.copyOf(branches), otherwise);
    }

    private Stmt set(Place place) {
        Target target = targets.target(null, true);
        refuseLoop(target);
        if (stream.skipIf(TokenType.ASSIGN)) {
            return new Stmt.Set(place, target, expressions.tuple(true, false, null));
        }
        Expr.Filter filter = expressions.filters(false);
        return new Stmt.SetBlock(place, target, filter, body(true, "endset"));
    }

    private void refuseLoop(Target target) {
        boolean named = switch (target) {
            case Target.Variable variable -> variable.name().equals("loop");
            case Target.Several several -> {
                several.targets().forEach(this::refuseLoop);
                yield false;
            }
            case Target.Member _ -> false;
        };
        if (named && insideFor > 0) {
            throw stream.fail("Can't assign to special loop variable in for-loop");
        }
    }

    private Stmt with(Place place) {
        List<Target> names = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (!stream.at(TokenType.BLOCK_END)) {
            if (!names.isEmpty()) {
                stream.expect(TokenType.COMMA);
            }
            names.add(targets.target(null, false));
            stream.expect(TokenType.ASSIGN);
            values.add(expressions.expression());
        }
        return new Stmt.With(place, List.copyOf(names), List.copyOf(values), body(true, "endwith"));
    }

    private void print(Place place, List<Stmt> into) {
        boolean first = true;
        while (!stream.at(TokenType.BLOCK_END)) {
            if (!first) {
                stream.expect(TokenType.COMMA);
            }
            into.add(new Stmt.Print(place, expressions.expression()));
            first = false;
        }
    }

    private Stmt filter(Place place) {
        Expr.Filter chain = expressions.filters(true);
        if (chain == null) {
            throw stream.fail("a filter is missing");
        }
        return new Stmt.FilterBlock(place, chain, body(true, "endfilter"));
    }

    private Stmt block() {
        String name = stream.name();
        while (stream.skipIf("scoped") || stream.skipIf("required")) {
            // Nothing extends a chat template, so neither word changes anything.
        }
        Body body = functionBody("endblock");
        stream.skipIf(name);
        return new Stmt.Scoped(body);
    }

    private Stmt call(Place place) {
        List<String> parameters = new ArrayList<>();
        List<Expr> defaults = new ArrayList<>();
        if (stream.at(TokenType.LPAREN)) {
            signature(parameters, defaults);
        }
        if (!(expressions.expression() instanceof Expr.Call call)) {
            throw stream.fail("expected call");
        }
        int reads = expressions.namesRead().size();
        return new Stmt.CallBlock(place, call, code("caller", parameters, defaults, functionBody("endcall"), reads));
    }

    private Stmt.MacroCode macro() {
        String name = stream.name();
        List<String> parameters = new ArrayList<>();
        List<Expr> defaults = new ArrayList<>();
        signature(parameters, defaults);
        int reads = expressions.namesRead().size();
        return code(name, parameters, defaults, functionBody("endmacro"), reads);
    }

    private Stmt.MacroCode code(String name, List<String> parameters, List<Expr> defaults, Body body, int readsBefore) {
        List<String> names = expressions.namesRead();
        List<String> read = names.subList(readsBefore, names.size());
        int callerAt = parameters.indexOf("caller");
        if (read.contains("caller") && callerAt >= 0 && callerAt < parameters.size() - defaults.size()) {
            throw stream.fail("the special parameter 'caller' must be left out or have a default");
        }
        return new Stmt.MacroCode(
                name,
                List.copyOf(parameters),
                List.copyOf(defaults),
                body,
                read.contains("caller"),
                read.contains("kwargs"),
                read.contains("varargs"));
    }

    /** A body that becomes a function of its own in jinja2: no break or continue leaves it. */
    private Body functionBody(String end) {
        int outer = loops;
        loops = 0;
        Body body = body(true, end);
        loops = outer;
        return body;
    }

    private void signature(List<String> parameters, List<Expr> defaults) {
        stream.expect(TokenType.LPAREN);
        while (!stream.at(TokenType.RPAREN)) {
            if (!parameters.isEmpty()) {
                stream.expect(TokenType.COMMA);
            }
            parameters.add(stream.name());
            if (stream.skipIf(TokenType.ASSIGN)) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw stream.fail("non-default argument follows default argument");
            }
        }
        stream.expect(TokenType.RPAREN);
    }
}
