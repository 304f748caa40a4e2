package org.kvant.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Equality, order and membership. */
final class Comparison {
    enum Operator {
        EQ("=="),
        NE("!="),
        LT("<"),
        LTEQ("<="),
        GT(">"),
        GTEQ(">="),
        IN("in"),
        NOT_IN("not in");

        private final String text;

        Operator(String text) {
            this.text = text;
        }

        static @Nullable Operator of(TokenType type) {
            return switch (type) {
                case EQ -> EQ;
                case NE -> NE;
                case LT -> LT;
                case LTEQ -> LTEQ;
                case GT -> GT;
                case GTEQ -> GTEQ;
                default -> null;
            };
        }
    }

    private Comparison() {}

    static boolean holds(Operator operator, Object a, Object b) {
        return switch (operator) {
            case EQ -> equal(a, b);
            case NE -> !equal(a, b);
            case LT -> order(a, b, operator) < 0;
            case LTEQ -> order(a, b, operator) <= 0;
            case GT -> order(a, b, operator) == 1;
            case GTEQ -> {
                int order = order(a, b, operator);
                yield order == 0 || order == 1;
            }
            case IN -> contains(b, a);
            case NOT_IN -> !contains(b, a);
        };
    }

    static boolean equal(Object a, Object b) {
        if (a instanceof String x && b instanceof String y) {
            return x.equals(y);
        }
        if (Types.isNumber(a) && Types.isNumber(b)) {
            return compareNumbers(a, b) == 0;
        }
        if (Types.isString(a) && Types.isString(b)) {
            return Types.text(a).equals(Types.text(b));
        }
        return switch (a) {
            case List<?> x when b instanceof List<?> y -> equalItems(x, y);
            case Tuple x when b instanceof Tuple y -> equalItems(x.items(), y.items());
            case Dict x when b instanceof Dict y -> equalDicts(x, y);
            case Range x when b instanceof Range y -> equalRanges(x, y);
            case DictView x
            when b instanceof DictView y && x.kind() != DictView.Kind.VALUES && x.kind() == y.kind() ->
                x.dict().size() == y.dict().size() && y.list().stream().allMatch(item -> contains(x, item));
            default -> a.equals(b);
        };
    }

    private static boolean equalItems(List<?> a, List<?> b) {
        if (a.size() != b.size()) {
            return false;
        }
        Iterator<?> other = b.iterator();
        for (Object item : a) {
            Render.element(0);
            if (!equal(item, Objects.requireNonNull(other.next()))) {
                return false;
            }
        }
        return true;
    }

    private static boolean equalDicts(Dict a, Dict b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (Dict.Item item : a.items()) {
            Render.element(0);
            Object other = b.get(item.key());
            if (other == null || !equal(item.value(), other)) {
                return false;
            }
        }
        return true;
    }

    private static boolean equalRanges(Range a, Range b) {
        return a.size() == b.size()
                && (a.size() == 0 || a.start() == b.start() && (a.size() == 1 || a.step() == b.step()));
    }

    /** For sorting. */
    static int compare(Object a, Object b) {
        int order = order(a, b, Operator.LT);
        return order == UNORDERED ? 0 : order;
    }

    private static final int UNORDERED = 2;

    /** -1, 0, 1, or 2 where a NaN takes part. */
    private static int order(Object a, Object b, Operator operator) {
        Undefined.refuse(a);
        Undefined.refuse(b);
        if (Types.isNumber(a) && Types.isNumber(b)) {
            return compareNumbers(a, b);
        }
        if (Types.isString(a) && Types.isString(b)) {
            return Integer.signum(Text.compare(Types.text(a), Types.text(b)));
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            return orderItems(x, y, operator);
        }
        if (a instanceof Tuple x && b instanceof Tuple y) {
            return orderItems(x.items(), y.items(), operator);
        }
        throw TemplateException.type("'" + operator.text + "' not supported between instances of '" + Types.name(a)
                + "' and '" + Types.name(b) + "'");
    }

    private static int orderItems(List<?> a, List<?> b, Operator operator) {
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            Render.element(0);
            Object x = Objects.requireNonNull(a.get(i));
            Object y = Objects.requireNonNull(b.get(i));
            if (!equal(x, y)) {
                return order(x, y, operator);
            }
        }
        return Integer.compare(a.size(), b.size());
    }

    private static int compareNumbers(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            return Long.compare(x, y);
        }
        if (a instanceof Double || b instanceof Double) {
            double x = rough(a);
            double y = rough(b);
            if (Double.isNaN(x) || Double.isNaN(y)) {
                return UNORDERED;
            }
            if (x != y || Double.isInfinite(x)) {
                return Double.compare(x, y);
            }
            return exact(a).compareTo(exact(b));
        }
        return Integer.signum(Numbers.big(a).compareTo(Numbers.big(b)));
    }

    private static double rough(Object value) {
        return value instanceof BigInteger big ? big.doubleValue() : Numbers.real(value);
    }

    private static BigDecimal exact(Object value) {
        return value instanceof Double d ? new BigDecimal(d) : new BigDecimal(Numbers.big(value));
    }

    static boolean contains(Object container, Object item) {
        return switch (container) {
            case String text -> containsText(text, item);
            case Markup markup -> containsText(markup.text(), item);
            case Dict dict -> dict.has(item);
            case DictView view
            when view.kind() == DictView.Kind.KEYS -> view.dict().has(item);
            default -> {
                if (!Sequences.iterable(container)) {
                    throw TemplateException.type("argument of type '" + Types.name(container) + "' is not iterable");
                }
                Iterator<Object> items = Sequences.iterate(container);
                while (items.hasNext()) {
                    if (equal(items.next(), item)) {
                        yield true;
                    }
                }
                yield false;
            }
        };
    }

    private static boolean containsText(String text, Object item) {
        if (!Types.isString(item)) {
            throw TemplateException.type("'in <string>' requires string as left operand, not " + Types.name(item));
        }
        return text.contains(Types.text(item));
    }
}
