package org.kvant.template;

import java.math.BigInteger;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Numbers in strings: Python's {@code int()} and {@code float()}. */
final class NumberText {
    private static final Pattern REAL = Pattern.compile(
            "[+-]?(?:\\d+(?:_\\d+)*\\.?(?:\\d+(?:_\\d+)*)?|\\.\\d+(?:_\\d+)*)(?:[eE][+-]?\\d+(?:_\\d+)*)?");
    /** Python's own limit. */
    private static final int MOST_DIGITS = 4300;

    private NumberText() {}

    /** Null if it is none. */
    static @Nullable BigInteger integer(String text, int base) {
        String digits = Text.strip(text, "", true, true).toLowerCase(Locale.ROOT);
        boolean negative = digits.startsWith("-");
        if (negative || digits.startsWith("+")) {
            digits = digits.substring(1);
        }
        int radix = base;
        if (digits.length() > 1 && digits.charAt(0) == '0') {
            int marked = switch (digits.charAt(1)) {
                case 'x' -> 16;
                case 'o' -> 8;
                case 'b' -> 2;
                default -> 0;
            };
            if (marked != 0 && (base == marked || base == 0)) {
                radix = marked;
                digits = digits.substring(digits.startsWith("_", 2) ? 3 : 2);
            }
        }
        radix = radix == 0 ? 10 : radix;
        boolean shaped = !digits.isEmpty()
                && digits.length() <= MOST_DIGITS
                && !digits.startsWith("_")
                && !digits.endsWith("_")
                && !digits.contains("__");
        if (!shaped || radix < 2 || radix > 36) {
            return null;
        }
        String plain = digits.replace("_", "");
        for (int i = 0; i < plain.length(); i++) {
            if (Character.digit(plain.charAt(i), radix) < 0) {
                return null;
            }
        }
        BigInteger value = new BigInteger(plain, radix);
        return negative ? value.negate() : value;
    }

    /** Null if it is none. */
    static @Nullable Double real(String text) {
        String trimmed = Text.strip(text, "", true, true).toLowerCase(Locale.ROOT);
        return switch (trimmed) {
            case "inf", "+inf", "infinity", "+infinity" -> Double.POSITIVE_INFINITY;
            case "-inf", "-infinity" -> Double.NEGATIVE_INFINITY;
            case "nan", "+nan", "-nan" -> Double.NaN;
            default -> REAL.matcher(trimmed).matches() ? (Double) Double.parseDouble(trimmed.replace("_", "")) : null;
        };
    }
}
