package org.kvant.template;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** What may stand behind {@code is}. */
final class Tests {
    private interface Test {
        boolean holds(Object value, Object[] arguments);
    }

    /** A test and how many arguments it takes. */
    private record Entry(int arguments, Test test) {}

    private static final Map<String, Entry> BY_NAME = new HashMap<>();

    static {
        add("defined", value -> !(value instanceof Undefined));
        add("undefined", value -> value instanceof Undefined);
        add("none", value -> value == None.NONE);
        add("boolean", value -> value instanceof Boolean);
        add("true", value -> value.equals(true));
        add("false", value -> value.equals(false));
        add("string", Types::isString);
        add("number", Types::isNumber);
        add("integer", value -> Types.isInteger(value) && !(value instanceof Boolean));
        add("float", value -> value instanceof Double);
        add("mapping", value -> value instanceof Dict);
        add("iterable", Sequences::iterable);
        add("sequence", value -> Sequences.indexable(value) || value instanceof Dict || value instanceof Undefined);
        add("callable", value -> value instanceof Callable);
        add("escaped", value -> value instanceof Markup);
        add("lower", value -> Letters.all(Repr.str(value), "islower"));
        add("upper", value -> Letters.all(Repr.str(value), "isupper"));
        add("odd", value -> Comparison.equal(remainder(value, 2L), 1L));
        add("even", value -> Comparison.equal(remainder(value, 2L), 0L));
        add("filter", Filters::has);
        add("test", value -> value instanceof String name && known(name));
        with("divisibleby", (value, other) -> Comparison.equal(remainder(value, other), 0L));
        with("sameas", Tests::same);
        compare(Comparison.Operator.EQ, "==", "eq", "equalto");
        compare(Comparison.Operator.NE, "!=", "ne");
        compare(Comparison.Operator.GT, ">", "gt", "greaterthan");
        compare(Comparison.Operator.GTEQ, ">=", "ge");
        compare(Comparison.Operator.LT, "<", "lt", "lessthan");
        compare(Comparison.Operator.LTEQ, "<=", "le");
        compare(Comparison.Operator.IN, "in");
    }

    private interface One {
        boolean holds(Object value);
    }

    private interface Two {
        boolean holds(Object value, Object other);
    }

    private Tests() {}

    private static void add(String name, One test) {
        BY_NAME.put(name, new Entry(0, (value, _) -> test.holds(value)));
    }

    private static void with(String name, Two test) {
        BY_NAME.put(name, new Entry(1, (value, arguments) -> test.holds(value, arguments[0])));
    }

    private static void compare(Comparison.Operator operator, String... names) {
        for (String name : names) {
            with(name, (value, other) -> Comparison.holds(operator, value, other));
        }
    }

    private static boolean known(String name) {
        return BY_NAME.containsKey(name);
    }

    static boolean holds(Render render, String name, Object value, Arguments arguments) {
        Entry entry = BY_NAME.get(name);
        if (entry == null) {
            throw new TemplateException(TemplateException.Kind.RUNTIME, "No test named " + Repr.repr(name) + ".");
        }
        render.step();
        return entry.test.holds(
                value, arguments.positional("test_" + name.toLowerCase(Locale.ROOT), entry.arguments, entry.arguments));
    }

    private static Object remainder(Object value, Object divisor) {
        Undefined.refuse(value);
        Undefined.refuse(divisor);
        if (!Types.isNumber(value) || !Types.isNumber(divisor)) {
            throw TemplateException.type(
                    Types.isString(value)
                            ? "not all arguments converted during string formatting"
                            : "unsupported operand type(s) for %: '" + Types.name(value) + "' and '"
                                    + Types.name(divisor) + "'");
        }
        return Numbers.modulo(value, divisor);
    }

    /** Python's {@code is}: small values are one object each, containers only themselves. */
    private static boolean same(Object a, Object b) {
        return switch (a) {
            case String text -> text.equals(b);
            case Boolean _, Long _, None _ -> a.equals(b);
            default -> a == b;
        };
    }
}
