package org.kvant.template;

import java.math.BigInteger;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One conversion of a number or text: what both {@code %} formatting and format specifications boil down to.
 *
 * @param fill one character
 * @param align {@code <}, {@code >}, {@code ^} or {@code =}; 0 for the type's own
 * @param sign {@code +}, a space or {@code -}
 * @param alternate whether {@code #} was given
 * @param width least width
 * @param grouping {@code ,} or {@code _}; 0 for none
 * @param precision -1 if none was given
 * @param type presentation; 0 for the type's own
 */
record FormatSpec(
        String fill, char align, char sign, boolean alternate, int width, char grouping, int precision, char type) {
    private static final Pattern FORM = Pattern.compile(
            "(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[-+ ])?(?<alternate>#)?(?<zero>0)?(?<width>\\d+)?(?<grouping>[,_])?(?:\\.(?<precision>\\d+))?(?<type>[bcdeEfFgGnosxX%])?",
            Pattern.DOTALL);

    static FormatSpec parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw TemplateException.value("Invalid format specifier " + Repr.repr(text));
        }
        boolean zero = form.group("zero") != null;
        String fill = form.group("fill");
        return new FormatSpec(
                fill != null ? fill : zero ? "0" : " ",
                form.group("align") != null ? form.group("align").charAt(0) : zero ? '=' : 0,
                first(form.group("sign"), '-'),
                form.group("alternate") != null,
                form.group("width") == null ? 0 : number(form.group("width")),
                first(form.group("grouping"), (char) 0),
                form.group("precision") == null ? -1 : number(form.group("precision")),
                first(form.group("type"), (char) 0));
    }

    private static char first(@org.jspecify.annotations.Nullable String text, char absent) {
        return text == null ? absent : text.charAt(0);
    }

    static int number(String digits) {
        if (digits.length() > 7) {
            throw TemplateException.value("Too many decimal digits in format string");
        }
        return Integer.parseInt(digits);
    }

    String format(Render render, Object value) {
        render.charge((long) width + Math.max(0, precision));
        if (Types.isString(value)) {
            return text(render, Types.text(value));
        }
        if (value instanceof Boolean b && type == 0) {
            return width == 0 ? Repr.repr(b) : number(render, b);
        }
        if (!Types.isNumber(value)) {
            if (width > 0 || type != 0 || precision >= 0 || align != 0) {
                throw TemplateException.type(
                        "unsupported format string passed to " + Types.name(value) + ".__format__");
            }
            return Repr.str(value);
        }
        return number(render, value);
    }

    private String text(Render render, String value) {
        if (type != 0 && type != 's') {
            throw TemplateException.value("Unknown format code '" + type + "' for object of type 'str'");
        }
        if (align == '=' && !fill.equals("0") || sign != '-') {
            throw TemplateException.value("'=' alignment or a sign is not allowed in string format specifier");
        }
        String cut = precision >= 0 && precision < Text.length(value)
                ? value.substring(0, Text.offset(value, precision))
                : value;
        return pad(render, cut, align == 0 || align == '=' ? '<' : align);
    }

    private String number(Render render, Object value) {
        String digits = type == 0 && value instanceof Double || "eEfFgG%".indexOf(type) >= 0 && type != 0
                ? real(Numbers.real(value))
                : integer(value);
        if (Character.isUpperCase(type)) {
            digits = digits.toUpperCase(Locale.ROOT);
        }
        boolean negative = digits.startsWith("-");
        String body = group(negative ? digits.substring(1) : digits);
        String prefix = (negative ? "-" : sign == '-' ? "" : String.valueOf(sign)) + base();
        if (align == '=') {
            int room = width - prefix.length() - body.length();
            return room <= 0 ? prefix + body : prefix + fill.repeat(room) + body;
        }
        return pad(render, prefix + body, align == 0 ? '>' : align);
    }

    private String base() {
        return !alternate
                ? ""
                : switch (type) {
                    case 'x' -> "0x";
                    case 'X' -> "0X";
                    case 'o' -> "0o";
                    case 'b' -> "0b";
                    default -> "";
                };
    }

    private String integer(Object value) {
        if (value instanceof Double) {
            throw TemplateException.value("Unknown format code '" + type + "' for object of type 'float'");
        }
        BigInteger big = Numbers.big(value);
        if (precision >= 0) {
            throw TemplateException.value("Precision not allowed in integer format specifier");
        }
        return switch (type) {
            case 'x', 'X' -> big.toString(16);
            case 'o' -> big.toString(8);
            case 'b' -> big.toString(2);
            case 'c' -> Character.toString(big.intValueExact());
            case 's' -> throw TemplateException.value("Unknown format code 's' for object of type 'int'");
            default -> big.toString();
        };
    }

    private String real(double value) {
        int digits = precision < 0 ? 6 : precision;
        return switch (type) {
            case 'e', 'E' -> Floats.exponential(value, digits);
            case 'f', 'F' -> Floats.fixed(value, digits);
            case '%' -> Floats.fixed(value * 100, digits) + "%";
            case 'g', 'G' -> Floats.general(value, digits, alternate);
            default -> precision < 0 ? Floats.repr(value) : plainGeneral(value);
        };
    }

    /** As {@code g}, but with a digit after the point. */
    private String plainGeneral(double value) {
        String text = Floats.general(value, precision, false);
        boolean whole = text.chars().allMatch(c -> c == '-' || c >= '0' && c <= '9');
        return whole && Text.length(text.replace("-", "")) < Math.max(precision, 1) ? text + ".0" : text;
    }

    private String group(String digits) {
        if (grouping == 0) {
            return digits;
        }
        int end = 0;
        while (end < digits.length() && Character.digit(digits.charAt(end), 16) >= 0 && digits.charAt(end) != 'e') {
            end++;
        }
        int every = type == 'x' || type == 'X' || type == 'o' || type == 'b' ? 4 : 3;
        StringBuilder out = new StringBuilder(digits);
        for (int at = end - every; at > 0; at -= every) {
            out.insert(at, grouping);
        }
        return out.toString();
    }

    private String pad(Render render, String text, char to) {
        return StringMethods.pad(render, text, width, fill, to == '<' ? "ljust" : to == '>' ? "rjust" : "middle");
    }
}
