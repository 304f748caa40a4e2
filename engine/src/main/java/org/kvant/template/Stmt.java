package org.kvant.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Statements. */
sealed interface Stmt {
    record Text(String text) implements Stmt {}

    record Print(Place place, Expr value) implements Stmt {}

    record If(List<Branch> branches, Body otherwise) implements Stmt {}

    record Branch(Place place, Expr test, Body body) {}

    record For(
            Place place,
            Target target,
            Expr items,
            @Nullable Expr test,
            boolean recursive,
            Body body,
            Body otherwise) implements Stmt {}

    record Set(Place place, Target target, Expr value) implements Stmt {}

    /** {@code filter} is a chain whose innermost value is the block's text; null if there is none. */
    record SetBlock(Place place, Target target, Expr.@Nullable Filter filter, Body body) implements Stmt {}

    record With(Place place, List<Target> targets, List<Expr> values, Body body) implements Stmt {}

    record FilterBlock(Place place, Expr.Filter filter, Body body) implements Stmt {}

    record DefineMacro(Place place, MacroCode code) implements Stmt {}

    record CallBlock(Place place, Expr.Call call, MacroCode caller) implements Stmt {}

    /** {@code generation} and {@code block}: a scope of its own. */
    record Scoped(Body body) implements Stmt {}

    /** {@code include}, {@code import} and {@code extends}: there is nothing to load from. */
    record Load(Place place, String tag) implements Stmt {}

    record Break() implements Stmt {}

    record Continue() implements Stmt {}

    /**
     * What a macro is made of.
     *
     * @param defaults of the last parameters
     * @param usesCaller whether the body speaks of {@code caller}; so for the other two
     */
    record MacroCode(
            String name,
            List<String> parameters,
            List<Expr> defaults,
            Body body,
            boolean usesCaller,
            boolean usesKwargs,
            boolean usesVarargs) {}
}
