package org.kvant.template;

import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's {@code format % values}. */
final class PercentFormat {
    private static final Pattern CONVERSION = Pattern.compile(
            "%(?:\\((?<key>[^)]*)\\))?(?<flags>[-+ #0]*)(?<width>\\*|\\d+)?(?:\\.(?<precision>\\*|\\d*))?[hlL]?(?<type>.)",
            Pattern.DOTALL);

    private final Render render;
    private final Object values;
    private final List<Object> sequence;
    private final Function<Object, String> text;
    private int next;

    private PercentFormat(Render render, Object values, Function<Object, String> text) {
        this.render = render;
        this.values = values;
        this.text = text;
        sequence = values instanceof Tuple tuple ? tuple.items() : List.of(values);
    }

    /** @param text what {@code %s} makes of a value */
    static String format(Render render, String format, Object values, Function<Object, String> text) {
        return new PercentFormat(render, values, text).format(format);
    }

    private String format(String format) {
        StringBuilder out = new StringBuilder();
        Matcher conversion = CONVERSION.matcher(format);
        int position = 0;
        for (int at = format.indexOf('%'); at >= 0; at = format.indexOf('%', position)) {
            out.append(format, position, at);
            if (!conversion.region(at, format.length()).lookingAt()) {
                throw TemplateException.value("incomplete format");
            }
            String converted = convert(conversion);
            render.charge((long) out.length() + converted.length());
            out.append(converted);
            position = conversion.end();
        }
        if (next < sequence.size() && !(values instanceof Dict) && !(values instanceof List<?>)) {
            throw TemplateException.type("not all arguments converted during string formatting");
        }
        return out.append(format, position, format.length()).toString();
    }

    private String convert(Matcher conversion) {
        char type = conversion.group("type").charAt(0);
        if (type == '%') {
            return "%";
        }
        String flags = conversion.group("flags");
        int width = size(conversion.group("width"), 0);
        int precision = size(conversion.group("precision"), -1);
        String key = conversion.group("key");
        Object value = key == null ? take() : lookUp(key);
        boolean left = flags.contains("-") || width < 0;
        char sign = flags.contains("+") ? '+' : flags.contains(" ") ? ' ' : '-';
        boolean zero = flags.contains("0") && !left;
        return switch (type) {
            case 's', 'r', 'a' -> {
                String shown = type == 's' ? text.apply(value) : Repr.repr(value);
                yield new FormatSpec(" ", left ? '<' : '>', '-', false, Math.abs(width), (char) 0, precision, 's')
                        .format(render, shown);
            }
            case 'd', 'i', 'u', 'x', 'X', 'o' -> {
                char presentation = type == 'i' || type == 'u' ? 'd' : type;
                yield spec(left, zero, sign, flags, width, -1, presentation)
                        .format(render, integer(value, type, precision));
            }
            case 'e', 'E', 'f', 'F', 'g', 'G' ->
                spec(left, zero, sign, flags, width, precision, type).format(render, real(value));
            case 'c' -> character(value, width, left);
            default -> throw TemplateException.value("unsupported format character '" + type + "'");
        };
    }

    private static FormatSpec spec(
            boolean left, boolean zero, char sign, String flags, int width, int precision, char type) {
        return new FormatSpec(
                zero ? "0" : " ",
                left ? '<' : zero ? '=' : '>',
                sign,
                flags.contains("#"),
                Math.abs(width),
                (char) 0,
                precision,
                type);
    }

    private int size(@org.jspecify.annotations.Nullable String given, int absent) {
        if (given == null) {
            return absent;
        }
        if (given.equals("*")) {
            Object value = take();
            if (!Types.isInteger(value)) {
                throw TemplateException.type("* wants int");
            }
            return Numbers.index(value);
        }
        return given.isEmpty() ? 0 : FormatSpec.number(given);
    }

    private Object take() {
        if (next >= sequence.size()) {
            throw TemplateException.type("not enough arguments for format string");
        }
        return sequence.get(next++);
    }

    private Object lookUp(String key) {
        if (!(values instanceof Dict dict)) {
            throw TemplateException.type("format requires a mapping");
        }
        Object value = dict.get(key);
        if (value == null) {
            throw TemplateException.value("KeyError: " + Repr.repr(key));
        }
        return value;
    }

    private static Object integer(Object value, char type, int precision) {
        Undefined.refuse(value);
        if (value instanceof Double d && "diu".indexOf(type) >= 0) {
            return Numbers.truncate(d);
        }
        if (!Types.isInteger(value)) {
            throw TemplateException.type("%" + type + " format: "
                    + ("diu".indexOf(type) >= 0 ? "a real number" : "an integer") + " is required, not "
                    + Types.name(value));
        }
        if (precision > 0) {
            throw TemplateException.unsupported("a precision of integers in %" + type);
        }
        return Numbers.normal(Numbers.big(value));
    }

    private static Object real(Object value) {
        Undefined.refuse(value);
        if (!Types.isNumber(value)) {
            throw TemplateException.type("must be real number, not " + Types.name(value));
        }
        return Numbers.real(value);
    }

    private String character(Object value, int width, boolean left) {
        String shown;
        if (Types.isInteger(value)) {
            int c = Numbers.index(value);
            if (!Character.isValidCodePoint(c)) {
                throw TemplateException.value("%c arg not in range(0x110000)");
            }
            shown = Character.toString(c);
        } else if (Types.isString(value) && Text.length(Types.text(value)) == 1) {
            shown = Types.text(value);
        } else {
            throw TemplateException.type("%c requires int or char");
        }
        return StringMethods.pad(render, shown, Math.abs(width), " ", left ? "ljust" : "rjust");
    }
}
