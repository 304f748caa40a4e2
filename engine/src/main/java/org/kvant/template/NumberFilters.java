package org.kvant.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Filters of numbers. */
final class NumberFilters {
    private static final String[] BINARY = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"};
    private static final String[] DECIMAL = {"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};

    private NumberFilters() {}

    static void addTo(Map<String, Filters.Filter> filters) {
        filters.put("abs", (_, value, _) -> {
            Undefined.refuse(value);
            if (!Types.isNumber(value)) {
                throw TemplateException.type("bad operand type for abs(): '" + Types.name(value) + "'");
            }
            return Numbers.absolute(value);
        });
        filters.put("int", NumberFilters::integer);
        filters.put("float", NumberFilters::real);
        filters.put("round", NumberFilters::round);
        filters.put("filesizeformat", NumberFilters::fileSize);
    }

    private static Object integer(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("int", "default", "base");
        Object otherwise = Arguments.or(given[0], 0L);
        Undefined.refuse(value);
        if (Types.isString(value)) {
            BigInteger parsed = NumberText.integer(Types.text(value), Numbers.index(Arguments.or(given[1], 10L)));
            if (parsed != null) {
                return Numbers.normal(parsed);
            }
            Double real = NumberText.real(Types.text(value));
            return real == null || real.isNaN() || real.isInfinite() ? otherwise : Numbers.truncate(real);
        }
        if (value instanceof Double d) {
            return d.isNaN() || d.isInfinite() ? otherwise : Numbers.truncate(d);
        }
        return Types.isNumber(value) ? Numbers.normal(Numbers.big(value)) : otherwise;
    }

    private static Object real(Render render, Object value, Arguments arguments) {
        Object otherwise = Arguments.or(arguments.bind("float", "default")[0], 0.0);
        Undefined.refuse(value);
        if (Types.isString(value)) {
            Double real = NumberText.real(Types.text(value));
            return real == null ? otherwise : real;
        }
        return Types.isNumber(value) ? (Object) Numbers.real(value) : otherwise;
    }

    private static Object round(Render render, Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("round", "precision", "method");
        Object precision = Arguments.or(given[0], 0L);
        Object method = Arguments.or(given[1], "common");
        Undefined.refuse(value);
        if (!method.equals("common") && !method.equals("ceil") && !method.equals("floor")) {
            throw TemplateException.type("method must be common, ceil or floor");
        }
        if (!Types.isNumber(value)) {
            throw TemplateException.type("type " + Types.name(value) + " doesn't define __round__ method");
        }
        if (!method.equals("common")) {
            Object scale = Numbers.power(10L, precision);
            double scaled = Numbers.real(Numbers.multiply(value, scale));
            return Numbers.divide(
                    Numbers.truncate(method.equals("ceil") ? Math.ceil(scaled) : Math.floor(scaled)), scale);
        }
        int digits = Math.clamp(Numbers.index(precision), -400, 400);
        if (value instanceof Double d) {
            if (d.isNaN() || d.isInfinite() || d == 0) {
                return d;
            }
            double rounded =
                    new BigDecimal(d).setScale(digits, RoundingMode.HALF_EVEN).doubleValue();
            return Math.copySign(rounded, d);
        }
        BigDecimal whole = new BigDecimal(Numbers.big(value));
        return Numbers.normal(
                digits >= 0
                        ? whole.toBigInteger()
                        : whole.setScale(digits, RoundingMode.HALF_EVEN).toBigInteger());
    }

    private static Object fileSize(Render render, Object value, Arguments arguments) {
        boolean binary = Types.truth(Arguments.or(arguments.bind("filesizeformat", "binary")[0], false));
        Undefined.refuse(value);
        Double parsed = Types.isString(value) ? NumberText.real(Types.text(value)) : (Double) Numbers.real(value);
        if (parsed == null) {
            throw TemplateException.value("could not convert string to float: " + Repr.repr(value));
        }
        double bytes = parsed;
        double base = binary ? 1024 : 1000;
        if (bytes == 1) {
            return "1 Byte";
        }
        if (bytes < base) {
            return Numbers.truncate(bytes) + " Bytes";
        }
        String[] prefixes = binary ? BINARY : DECIMAL;
        double unit = base;
        for (int i = 0; ; i++) {
            unit *= base;
            if (bytes < unit || i == prefixes.length - 1) {
                return Floats.fixed(base * bytes / unit, 1) + " " + prefixes[i];
            }
        }
    }
}
