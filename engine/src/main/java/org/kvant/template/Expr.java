package org.kvant.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Expressions. */
sealed interface Expr {
    record Const(Object value) implements Expr {}

    record Name(String name) implements Expr {}

    record ListOf(List<Expr> items) implements Expr {}

    record TupleOf(List<Expr> items) implements Expr {}

    record DictOf(List<Pair> pairs) implements Expr {}

    record Conditional(Expr test, Expr then, @Nullable Expr otherwise) implements Expr {}

    record Or(Expr left, Expr right) implements Expr {}

    record And(Expr left, Expr right) implements Expr {}

    record Not(Expr operand) implements Expr {}

    record Negative(Expr operand) implements Expr {}

    record Positive(Expr operand) implements Expr {}

    record Binary(TokenType operator, Expr left, Expr right) implements Expr {}

    record Concat(List<Expr> parts) implements Expr {}

    record Compare(Expr first, List<Operand> rest) implements Expr {}

    record Attribute(Expr owner, String name) implements Expr {}

    record Item(Expr owner, Expr key) implements Expr {}

    record Slice(
            Expr owner,
            @Nullable Expr start,
            @Nullable Expr stop,
            @Nullable Expr step) implements Expr {}

    record Call(Expr callee, CallArguments arguments) implements Expr {}

    /** {@code value} is null where a block's text goes in. */
    record Filter(@Nullable Expr value, String name, CallArguments arguments) implements Expr {}

    record Test(Expr value, String name, CallArguments arguments) implements Expr {}

    record Pair(Expr key, Expr value) {}

    /** One comparison of a chain. */
    record Operand(Comparison.Operator operator, Expr value) {}

    record Named(String name, Expr value) {}

    /**
     * @param spread after {@code *}
     * @param spreadNamed after {@code **}
     */
    record CallArguments(
            List<Expr> positional,
            List<Named> named,
            @Nullable Expr spread,
            @Nullable Expr spreadNamed) {
        static final CallArguments NONE = new CallArguments(List.of(), List.of(), null, null);
    }
}
