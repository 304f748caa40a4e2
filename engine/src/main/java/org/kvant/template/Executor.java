package org.kvant.template;

import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Runs statements. */
final class Executor {
    private enum Flow {
        ON,
        BREAK,
        CONTINUE
    }

    private final Render render;

    Executor(Render render) {
        this.render = render;
    }

    /** Runs a body that no break leaves. */
    void run(Body body, Scope scope) {
        all(body, scope);
    }

    private Flow all(Body body, Scope scope) {
        for (Stmt statement : body.statements()) {
            Flow flow = one(statement, scope);
            if (flow != Flow.ON) {
                return flow;
            }
        }
        return Flow.ON;
    }

    private Flow one(Stmt statement, Scope scope) {
        render.step();
        switch (statement) {
            case Stmt.Text text -> render.write(text.text());
            case Stmt.Print print -> within(print.place(), () -> render.write(Repr.str(value(print.value(), scope))));
            case Stmt.Set set -> within(set.place(), () -> assign(set.target(), value(set.value(), scope), scope));
            case Stmt.If branches -> {
                return ifChain(branches, scope);
            }
            case Stmt.For loop -> {
                return forLoop(loop, scope);
            }
            case Stmt.SetBlock set -> {
                return setBlock(set, scope);
            }
            case Stmt.FilterBlock filter -> {
                return filterBlock(filter, scope);
            }
            case Stmt.With with -> {
                return with(with, scope);
            }
            case Stmt.DefineMacro macro -> scope.set(macro.code().name(), new Macro(macro.code(), scope));
            case Stmt.CallBlock call -> callBlock(call, scope);
            case Stmt.Scoped scoped -> all(scoped.body(), new Scope(scope, scoped.body()));
            case Stmt.Load load ->
                within(load.place(), () -> {
                    throw TemplateException.type("no loader for this environment specified: a chat template cannot "
                            + load.tag() + " another one");
                });
            case Stmt.Break _ -> {
                return Flow.BREAK;
            }
            case Stmt.Continue _ -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.ON;
    }

    private Object value(Expr expression, Scope scope) {
        return render.evaluator().value(expression, scope);
    }

    private static void within(Place place, Runnable work) {
        try {
            work.run();
        } catch (TemplateException e) {
            throw e.at(place);
        }
    }

    private Flow ifChain(Stmt.If chain, Scope scope) {
        for (Stmt.Branch branch : chain.branches()) {
            boolean taken;
            try {
                taken = Types.truth(value(branch.test(), scope));
            } catch (TemplateException e) {
                throw e.at(branch.place());
            }
            if (taken) {
                return all(branch.body(), scope);
            }
        }
        return all(chain.otherwise(), scope);
    }

    private Flow forLoop(Stmt.For loop, Scope scope) {
        try {
            return loop(loop, value(loop.items(), scope), scope, 0);
        } catch (TemplateException e) {
            throw e.at(loop.place());
        }
    }

    private Flow loop(Stmt.For statement, Object given, Scope scope, int depth) {
        Iterator<Object> all = Sequences.iterate(given);
        Expr test = statement.test();
        Object items = given;
        Iterator<Object> iterator = all;
        if (test != null) {
            Generator chosen = Generator.of(() -> nextChosen(all, statement, test, scope));
            items = chosen;
            iterator = chosen.items();
        }
        Loop loop = new Loop(
                items,
                iterator,
                depth,
                statement.recursive() ? children -> recurse(statement, children, scope, depth + 1) : null);
        // As in the code that jinja2 makes, the else branch runs unless a pass came to its end.
        boolean completed = false;
        for (Object item = loop.advance(); item != null; item = loop.advance()) {
            render.step();
            Scope inner = new Scope(scope, statement.body());
            inner.set("loop", loop);
            assign(statement.target(), item, inner);
            Flow flow = all(statement.body(), inner);
            if (flow == Flow.BREAK) {
                break;
            }
            completed |= flow == Flow.ON;
        }
        return completed ? Flow.ON : all(statement.otherwise(), new Scope(scope, statement.otherwise()));
    }

    private @Nullable Object nextChosen(Iterator<Object> items, Stmt.For statement, Expr test, Scope scope) {
        while (items.hasNext()) {
            render.step();
            Object item = items.next();
            Scope inner = new Scope(scope, Body.EMPTY);
            assign(statement.target(), item, inner);
            if (Types.truth(value(test, inner))) {
                return item;
            }
        }
        return null;
    }

    private String recurse(Stmt.For statement, Object children, Scope scope, int depth) {
        render.enter();
        try {
            return render.capture(() -> loop(statement, children, scope, depth));
        } finally {
            render.leave();
        }
    }

    private Flow setBlock(Stmt.SetBlock set, Scope scope) {
        Scope inner = new Scope(scope, set.body());
        Flow[] flow = {Flow.ON};
        String text = render.capture(() -> flow[0] = all(set.body(), inner));
        if (flow[0] == Flow.ON) {
            within(set.place(), () -> {
                Expr.Filter filter = set.filter();
                assign(set.target(), filter == null ? text : render.evaluator().filtered(filter, text, inner), scope);
            });
        }
        return flow[0];
    }

    private Flow filterBlock(Stmt.FilterBlock block, Scope scope) {
        Scope inner = new Scope(scope, block.body());
        Flow[] flow = {Flow.ON};
        String text = render.capture(() -> flow[0] = all(block.body(), inner));
        if (flow[0] == Flow.ON) {
            within(
                    block.place(),
                    () -> render.write(Repr.str(render.evaluator().filtered(block.filter(), text, inner))));
        }
        return flow[0];
    }

    private Flow with(Stmt.With with, Scope scope) {
        Scope inner = new Scope(scope, with.body());
        within(with.place(), () -> {
            for (int i = 0; i < with.targets().size(); i++) {
                assign(with.targets().get(i), value(with.values().get(i), scope), inner);
            }
        });
        return all(with.body(), inner);
    }

    private void callBlock(Stmt.CallBlock block, Scope scope) {
        within(block.place(), () -> {
            Macro caller = new Macro(block.caller(), scope);
            render.write(Repr.str(render.evaluator().call(block.call(), scope, caller)));
        });
    }

    private void assign(Target target, Object value, Scope scope) {
        switch (target) {
            case Target.Variable variable -> scope.set(variable.name(), value);
            case Target.Member member -> {
                if (!(scope.find(member.namespace()) instanceof Namespace namespace)) {
                    throw new TemplateException(
                            TemplateException.Kind.RUNTIME, "cannot assign attribute on non-namespace object");
                }
                namespace.set(member.name(), value);
            }
            case Target.Several several -> {
                List<Object> values;
                try {
                    values = Sequences.list(value);
                } catch (TemplateException e) {
                    throw TemplateException.type("cannot unpack non-iterable " + Types.name(value) + " object");
                }
                int expected = several.targets().size();
                if (values.size() != expected) {
                    throw TemplateException.value(
                            values.size() > expected
                                    ? "too many values to unpack (expected " + expected + ")"
                                    : "not enough values to unpack (expected " + expected + ", got " + values.size()
                                            + ")");
                }
                for (int i = 0; i < expected; i++) {
                    assign(several.targets().get(i), Objects.requireNonNull(values.get(i)), scope);
                }
            }
        }
    }
}
