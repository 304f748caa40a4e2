package org.kvant.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Evaluates expressions. */
final class Evaluator {
    private final Render render;

    Evaluator(Render render) {
        this.render = render;
    }

    Object value(Expr expression, Scope scope) {
        render.step();
        return switch (expression) {
            case Expr.Const constant -> constant.value();
            case Expr.Name name -> {
                Object value = scope.find(name.name());
                yield value == null ? Undefined.variable(name.name()) : value;
            }
            case Expr.Attribute attribute -> Attributes.attribute(value(attribute.owner(), scope), attribute.name());
            case Expr.Item item -> Attributes.item(value(item.owner(), scope), value(item.key(), scope));
            case Expr.Slice slice -> {
                Object sliced = Sequences.slice(
                        value(slice.owner(), scope),
                        bound(slice.start(), scope),
                        bound(slice.stop(), scope),
                        bound(slice.step(), scope));
                render.charge(Sequences.length(sliced));
                yield sliced;
            }
            case Expr.Conditional conditional -> conditional(conditional, scope);
            case Expr.Or or -> {
                Object left = value(or.left(), scope);
                yield Types.truth(left) ? left : value(or.right(), scope);
            }
            case Expr.And and -> {
                Object left = value(and.left(), scope);
                yield Types.truth(left) ? value(and.right(), scope) : left;
            }
            case Expr.Not not -> !Types.truth(value(not.operand(), scope));
            case Expr.Compare compare -> compare(compare, scope);
            case Expr.Test test -> {
                Object tested = value(test.value(), scope);
                yield Tests.holds(render, test.name(), tested, arguments(test.arguments(), scope, null));
            }
            case Expr.Filter filter -> filtered(filter, "", scope);
            case Expr.Call call -> call(call, scope, null);
            case Expr.Binary binary ->
                Operators.apply(render, binary.operator(), value(binary.left(), scope), value(binary.right(), scope));
            case Expr.Concat concat -> concat(concat, scope);
            case Expr.Negative negative -> Operators.unary("-", value(negative.operand(), scope));
            case Expr.Positive positive -> Operators.unary("+", value(positive.operand(), scope));
            case Expr.ListOf list -> values(list.items(), scope);
            case Expr.TupleOf tuple -> Tuple.of(values(tuple.items(), scope));
            case Expr.DictOf dict -> {
                Dict pairs = new Dict();
                for (Expr.Pair pair : dict.pairs()) {
                    pairs.put(value(pair.key(), scope), value(pair.value(), scope));
                }
                yield pairs;
            }
        };
    }

    private Object bound(@Nullable Expr expression, Scope scope) {
        return expression == null ? None.NONE : value(expression, scope);
    }

    private Object conditional(Expr.Conditional conditional, Scope scope) {
        if (Types.truth(value(conditional.test(), scope))) {
            return value(conditional.then(), scope);
        }
        Expr otherwise = conditional.otherwise();
        return otherwise == null
                ? new Undefined("the inline if-expression evaluated to false and no else section was defined.")
                : value(otherwise, scope);
    }

    private Object compare(Expr.Compare compare, Scope scope) {
        Object left = value(compare.first(), scope);
        for (Expr.Operand operand : compare.rest()) {
            Object right = value(operand.value(), scope);
            if (!Comparison.holds(operand.operator(), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private Object concat(Expr.Concat concat, Scope scope) {
        StringBuilder text = new StringBuilder();
        for (Expr part : concat.parts()) {
            String next = Repr.str(value(part, scope));
            render.charge((long) text.length() + next.length());
            text.append(next);
        }
        return text.toString();
    }

    private List<Object> values(List<Expr> expressions, Scope scope) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expr expression : expressions) {
            values.add(value(expression, scope));
        }
        return values;
    }

    /** A chain of filters; {@code text} goes into the innermost if that has no value of its own. */
    Object filtered(Expr.Filter filter, String text, Scope scope) {
        Expr inner = filter.value();
        Object value = switch (inner) {
            case null -> text;
            case Expr.Filter chained -> filtered(chained, text, scope);
            default -> value(inner, scope);
        };
        render.step();
        return Filters.apply(render, filter.name(), value, arguments(filter.arguments(), scope, null));
    }

    /** @param caller the body of a call block; null elsewhere */
    Object call(Expr.Call call, Scope scope, @Nullable Macro caller) {
        Object callee = value(call.callee(), scope);
        Arguments arguments = arguments(call.arguments(), scope, caller);
        return call(callee, arguments);
    }

    Object call(Object callee, Arguments arguments) {
        Undefined.refuse(callee);
        if (!(callee instanceof Callable callable)) {
            throw TemplateException.type("'" + Types.name(callee) + "' object is not callable");
        }
        return callable.call(render, arguments);
    }

    private Arguments arguments(Expr.CallArguments given, Scope scope, @Nullable Macro caller) {
        if (given == Expr.CallArguments.NONE && caller == null) {
            return Arguments.NONE;
        }
        List<Object> positional = values(given.positional(), scope);
        Map<String, Object> named = given.named().isEmpty() && given.spreadNamed() == null && caller == null
                ? Map.of()
                : new LinkedHashMap<>();
        for (Expr.Named argument : given.named()) {
            named.put(argument.name(), value(argument.value(), scope));
        }
        if (caller != null) {
            named.put("caller", caller);
        }
        if (given.spread() != null) {
            positional.addAll(Sequences.list(value(given.spread(), scope)));
        }
        if (given.spreadNamed() != null) {
            if (!(value(given.spreadNamed(), scope) instanceof Dict dict)) {
                throw TemplateException.type("argument after ** must be a mapping");
            }
            for (Dict.Item item : dict.items()) {
                if (named.put(Types.text(item.key()), item.value()) != null) {
                    throw TemplateException.type("got multiple values for keyword argument " + Repr.repr(item.key()));
                }
            }
        }
        return new Arguments(positional, named);
    }
}
