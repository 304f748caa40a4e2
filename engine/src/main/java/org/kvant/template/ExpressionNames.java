package org.kvant.template;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The variables that an expression reads. */
final class ExpressionNames {
    private final Set<String> names = new HashSet<>();

    private ExpressionNames() {}

    static Set<String> of(@Nullable Expr expression) {
        ExpressionNames found = new ExpressionNames();
        found.visit(expression);
        return found.names;
    }

    private void visit(@Nullable Expr expression) {
        switch (expression) {
            case null -> {}
            case Expr.Const _ -> {}
            case Expr.Name name -> names.add(name.name());
            case Expr.ListOf list -> all(list.items());
            case Expr.TupleOf tuple -> all(tuple.items());
            case Expr.DictOf dict ->
                dict.pairs().forEach(pair -> {
                    visit(pair.key());
                    visit(pair.value());
                });
            case Expr.Conditional conditional -> {
                visit(conditional.test());
                visit(conditional.then());
                visit(conditional.otherwise());
            }
            case Expr.Or or -> {
                visit(or.left());
                visit(or.right());
            }
            case Expr.And and -> {
                visit(and.left());
                visit(and.right());
            }
            case Expr.Not not -> visit(not.operand());
            case Expr.Negative negative -> visit(negative.operand());
            case Expr.Positive positive -> visit(positive.operand());
            case Expr.Binary binary -> {
                visit(binary.left());
                visit(binary.right());
            }
            case Expr.Concat concat -> all(concat.parts());
            case Expr.Compare compare -> {
                visit(compare.first());
                compare.rest().forEach(operand -> visit(operand.value()));
            }
            case Expr.Attribute attribute -> visit(attribute.owner());
            case Expr.Item item -> {
                visit(item.owner());
                visit(item.key());
            }
            case Expr.Slice slice -> {
                visit(slice.owner());
                visit(slice.start());
                visit(slice.stop());
                visit(slice.step());
            }
            case Expr.Call call -> {
                visit(call.callee());
                arguments(call.arguments());
            }
            case Expr.Filter filter -> {
                visit(filter.value());
                arguments(filter.arguments());
            }
            case Expr.Test test -> {
                visit(test.value());
                arguments(test.arguments());
            }
        }
    }

    private void all(List<Expr> expressions) {
        expressions.forEach(this::visit);
    }

    private void arguments(Expr.CallArguments arguments) {
        all(arguments.positional());
        arguments.named().forEach(named -> visit(named.value()));
        visit(arguments.spread());
        visit(arguments.spreadNamed());
    }
}
