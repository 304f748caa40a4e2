package org.kvant.template;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** Python's forms of floats. */
final class Floats {
    private Floats() {}

    /** The shortest digits that read back as the same number. */
    static String repr(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        if (shortest.precision() == 2) {
            // Java writes two digits where one is enough for the smallest numbers.
            BigDecimal one = shortest.round(new MathContext(1, RoundingMode.HALF_EVEN));
            shortest = one.doubleValue() == value ? one : shortest;
        }
        String digits = shortest.unscaledValue().abs().toString();
        int exponent = digits.length() - shortest.scale() - 1;
        String sign = value < 0 ? "-" : "";
        if (exponent < -4 || exponent >= 16) {
            return sign + scientific(digits, exponent, "e");
        }
        String plain = shortest.abs().toPlainString();
        return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
    }

    /** With {@code precision} digits after the point, as {@code %f}. */
    static String fixed(double value, int precision) {
        return finite(
                value,
                () -> sign(value)
                        + new BigDecimal(Math.abs(value))
                                .setScale(precision, RoundingMode.HALF_EVEN)
                                .toPlainString());
    }

    /** As {@code %e}. */
    static String exponential(double value, int precision) {
        return finite(value, () -> {
            BigDecimal rounded =
                    new BigDecimal(Math.abs(value)).round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
            String digits = rounded.unscaledValue().toString();
            int exponent = rounded.signum() == 0 ? 0 : digits.length() - rounded.scale() - 1;
            digits = rounded.signum() == 0 ? "0" : digits;
            digits = digits.length() > precision + 1 ? digits.substring(0, precision + 1) : digits;
            return sign(value) + scientific(digits + "0".repeat(precision + 1 - digits.length()), exponent, "e");
        });
    }

    /** As {@code %g}: {@code precision} significant digits, without trailing zeros unless {@code alternate}. */
    static String general(double value, int precision, boolean alternate) {
        return finite(value, () -> {
            int significant = Math.max(precision, 1);
            BigDecimal rounded =
                    new BigDecimal(Math.abs(value)).round(new MathContext(significant, RoundingMode.HALF_EVEN));
            int exponent = rounded.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
            String text;
            if (exponent < -4 || exponent >= significant) {
                text = exponential(Math.abs(value), significant - 1);
                int e = text.indexOf('e');
                text = (alternate ? text.substring(0, e) : trimZeros(text.substring(0, e))) + text.substring(e);
            } else {
                text = fixed(Math.abs(value), significant - 1 - exponent);
                text = alternate ? text : trimZeros(text);
            }
            return sign(value) + text;
        });
    }

    private static String trimZeros(String text) {
        return text.indexOf('.') < 0 ? text : text.replaceAll("0+$", "").replaceAll("\\.$", "");
    }

    private static String finite(double value, java.util.function.Supplier<String> form) {
        return Double.isNaN(value) || Double.isInfinite(value) ? repr(value) : form.get();
    }

    private static String sign(double value) {
        return value < 0 || value == 0 && 1 / value < 0 ? "-" : "";
    }

    private static String scientific(String digits, int exponent, String e) {
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        return digits.charAt(0)
                + fraction
                + e
                + (exponent < 0 ? "-" : "+")
                + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }
}
