package org.kvant.template;

import java.util.ArrayList;
import java.util.List;

/** Arithmetic operators, which do for strings and lists what Python's do. */
final class Operators {
    private Operators() {}

    static Object apply(Render render, TokenType operator, Object a, Object b) {
        if (operator == TokenType.MOD && Types.isString(a)) {
            return percent(render, a, b);
        }
        Undefined.refuse(a);
        Undefined.refuse(b);
        if (operator == TokenType.ADD && !(Types.isNumber(a) && Types.isNumber(b))) {
            return join(render, a, b);
        }
        if (operator == TokenType.MUL && !(Types.isNumber(a) && Types.isNumber(b))) {
            return Types.isInteger(a) ? repeat(render, b, a) : repeat(render, a, b);
        }
        if (!Types.isNumber(a) || !Types.isNumber(b)) {
            throw unsupported(operator.text(), a, b);
        }
        return switch (operator) {
            case ADD -> Numbers.add(a, b);
            case SUB -> Numbers.subtract(a, b);
            case MUL -> Numbers.multiply(a, b);
            case DIV -> Numbers.divide(a, b);
            case FLOORDIV -> Numbers.floorDivide(a, b);
            case MOD -> Numbers.modulo(a, b);
            case POW -> Numbers.power(a, b);
            default -> throw new IllegalArgumentException(operator.text());
        };
    }

    static Object unary(String operator, Object value) {
        Undefined.refuse(value);
        if (!Types.isNumber(value)) {
            throw TemplateException.type("bad operand type for unary " + operator + ": '" + Types.name(value) + "'");
        }
        return operator.equals("-")
                ? Numbers.negate(value)
                : value instanceof Double ? value : Numbers.normal(Numbers.big(value));
    }

    private static Object join(Render render, Object a, Object b) {
        if (Types.isString(a) && Types.isString(b)) {
            render.charge((long) Types.text(a).length() + Types.text(b).length());
            return a instanceof String x && b instanceof String y
                    ? x.concat(y)
                    : new Markup(Markup.escaped(a).concat(Markup.escaped(b)));
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            return joined(render, Sequences.items(x), Sequences.items(y));
        }
        if (a instanceof Tuple x && b instanceof Tuple y) {
            return Tuple.of(joined(render, x.items(), y.items()));
        }
        if (Types.isString(a) || a instanceof List<?> || a instanceof Tuple) {
            throw TemplateException.type(
                    "can only concatenate " + Types.name(a) + " (not \"" + Types.name(b) + "\") to " + Types.name(a));
        }
        throw unsupported("+", a, b);
    }

    private static List<Object> joined(Render render, List<Object> a, List<Object> b) {
        render.charge((long) a.size() + b.size());
        List<Object> all = new ArrayList<>(a.size() + b.size());
        all.addAll(a);
        all.addAll(b);
        return all;
    }

    private static Object repeat(Render render, Object value, Object count) {
        boolean sequence = Types.isString(value) || value instanceof List<?> || value instanceof Tuple;
        if (!sequence) {
            throw unsupported("*", value, count);
        }
        if (!Types.isInteger(count)) {
            throw TemplateException.type("can't multiply sequence by non-int of type '" + Types.name(count) + "'");
        }
        int times = Math.max(0, Numbers.index(count));
        return switch (value) {
            case List<?> list -> repeated(render, Sequences.items(list), times);
            case Tuple tuple -> Tuple.of(repeated(render, tuple.items(), times));
            default -> {
                String text = Types.text(value);
                render.charge((long) text.length() * times);
                yield value instanceof Markup ? new Markup(text.repeat(times)) : text.repeat(times);
            }
        };
    }

    private static List<Object> repeated(Render render, List<Object> items, int times) {
        render.charge((long) items.size() * times);
        List<Object> all = new ArrayList<>();
        for (int i = 0; i < times && !items.isEmpty(); i++) {
            all.addAll(items);
        }
        return all;
    }

    private static Object percent(Render render, Object format, Object values) {
        if (format instanceof Markup markup) {
            return new Markup(PercentFormat.format(render, markup.text(), values, Markup::escaped));
        }
        return PercentFormat.format(render, Types.text(format), values, Repr::str);
    }

    private static TemplateException unsupported(String operator, Object a, Object b) {
        String shown = operator.equals("**") ? "** or pow()" : operator;
        return TemplateException.type(
                "unsupported operand type(s) for " + shown + ": '" + Types.name(a) + "' and '" + Types.name(b) + "'");
    }
}
