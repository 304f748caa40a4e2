package org.kvant.template;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which names a block hides: jinja2 decides for each block before it runs which names are its own, and one that the block assigns before it
 * reads it, and that no outer block speaks of, is undefined up to there even if the caller gave a variable of that name. Source: jinja2's {@code
 * idtracking}.
 */
final class NameAnalysis {
    private enum Origin {
        PARAMETER,
        OUTSIDE,
        NOWHERE
    }

    private final @Nullable NameAnalysis outer;
    private final Map<String, Origin> names = new HashMap<>();
    private final Set<String> assigned = new HashSet<>();

    private NameAnalysis(@Nullable NameAnalysis outer) {
        this.outer = outer;
    }

    static void of(Body template) {
        new NameAnalysis(null).block(template);
    }

    private void block(Body body) {
        visit(body.statements());
        body.unset(names.entrySet().stream()
                .filter(name -> name.getValue() == Origin.NOWHERE)
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet()));
        inner(body.statements());
    }

    private boolean known(String name) {
        return names.containsKey(name) || outer != null && outer.known(name);
    }

    private void read(String name) {
        if (!known(name)) {
            names.put(name, Origin.OUTSIDE);
        }
    }

    private void assign(String name) {
        assigned.add(name);
        names.putIfAbsent(name, outer != null && outer.known(name) ? Origin.OUTSIDE : Origin.NOWHERE);
    }

    private void parameter(String name) {
        assigned.add(name);
        names.put(name, Origin.PARAMETER);
    }

    private void assign(Target target) {
        switch (target) {
            case Target.Variable variable -> assign(variable.name());
            case Target.Member member -> read(member.namespace());
            case Target.Several several -> several.targets().forEach(this::assign);
        }
    }

    private void parameter(Target target) {
        switch (target) {
            case Target.Variable variable -> parameter(variable.name());
            case Target.Member member -> read(member.namespace());
            case Target.Several several -> several.targets().forEach(this::parameter);
        }
    }

    private void read(@Nullable Expr expression) {
        ExpressionNames.of(expression).forEach(this::read);
    }

    private void visit(List<Stmt> statements) {
        for (Stmt statement : statements) {
            switch (statement) {
                case Stmt.Print print -> read(print.value());
                case Stmt.Set set -> {
                    read(set.value());
                    assign(set.target());
                }
                case Stmt.If chain -> branches(chain);
                case Stmt.For loop -> read(loop.items());
                case Stmt.SetBlock set -> assign(set.target());
                case Stmt.FilterBlock filter -> read(filter.filter());
                case Stmt.With with -> with.values().forEach(this::read);
                case Stmt.DefineMacro macro -> assign(macro.code().name());
                case Stmt.CallBlock call -> read(call.call());
                case Stmt.Text _, Stmt.Scoped _, Stmt.Load _, Stmt.Break _, Stmt.Continue _ -> {}
            }
        }
    }

    /** What a branch assigns is looked for outside where another one was taken, so the name is not hidden. */
    private void branches(Stmt.If chain) {
        Set<String> before = Set.copyOf(assigned);
        for (Stmt.Branch branch : chain.branches()) {
            read(branch.test());
            visit(branch.body().statements());
        }
        visit(chain.otherwise().statements());
        assigned.stream().filter(name -> !before.contains(name)).forEach(name -> names.put(name, Origin.OUTSIDE));
    }

    /** Then the blocks inside, which see all names of this one. */
    private void inner(List<Stmt> statements) {
        for (Stmt statement : statements) {
            switch (statement) {
                case Stmt.If chain -> {
                    chain.branches().forEach(branch -> inner(branch.body().statements()));
                    inner(chain.otherwise().statements());
                }
                case Stmt.For loop -> {
                    NameAnalysis body = new NameAnalysis(this);
                    body.parameter("loop");
                    body.parameter(loop.target());
                    body.block(loop.body());
                    new NameAnalysis(this).block(loop.otherwise());
                }
                case Stmt.SetBlock set -> new NameAnalysis(this).block(set.body());
                case Stmt.FilterBlock filter -> new NameAnalysis(this).block(filter.body());
                case Stmt.With with -> {
                    NameAnalysis body = new NameAnalysis(this);
                    with.targets().forEach(body::parameter);
                    body.block(with.body());
                }
                case Stmt.DefineMacro macro -> macro(macro.code());
                case Stmt.CallBlock call -> macro(call.caller());
                case Stmt.Scoped scoped -> new NameAnalysis(this).block(scoped.body());
                case Stmt.Text _, Stmt.Print _, Stmt.Set _, Stmt.Load _, Stmt.Break _, Stmt.Continue _ -> {}
            }
        }
    }

    private void macro(Stmt.MacroCode code) {
        NameAnalysis body = new NameAnalysis(this);
        code.parameters().forEach(body::parameter);
        code.defaults().forEach(body::read);
        // The special names are given by the call where the body speaks of them.
        if (code.usesCaller()) {
            body.parameter("caller");
        }
        if (code.usesKwargs()) {
            body.parameter("kwargs");
        }
        if (code.usesVarargs()) {
            body.parameter("varargs");
        }
        body.block(code.body());
    }
}
