package org.kvant.report;

import java.util.Locale;
import org.kvant.evaluate.Estimate;

/** Text for a page. Everything that is not markup of ours goes through {@link #escape}. */
final class Html {
    private Html() {}

    static String escape(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.chars().forEach(unit -> {
            switch (unit) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.append(unit < ' ' && unit != '\n' && unit != '\t' ? '\uFFFD' : (char) unit);
            }
        });
        return out.toString();
    }

    static String format(String format, Object... arguments) {
        return String.format(Locale.ROOT, format, arguments);
    }

    /** Four significant digits, as short as they can be read. */
    static String number(double value) {
        if (value == 0) {
            return "0";
        }
        if (!Double.isFinite(value)) {
            return String.valueOf(value);
        }
        int magnitude = (int) Math.floor(Math.log10(Math.abs(value)));
        if (magnitude < -5 || magnitude > 6) {
            return format("%.3e", value);
        }
        return format("%." + Math.max(0, 3 - magnitude) + "f", value);
    }

    /** A value and its standard error, both to two significant digits of the error. */
    static String estimate(Estimate estimate, double factor) {
        double error = factor * estimate.error();
        if (!(error > 0)) {
            return number(factor * estimate.value()) + " <span class=\"pm\">±\u00a00</span>";
        }
        int digits = Math.clamp(1 - (int) Math.floor(Math.log10(error)), 0, 9);
        return format(
                "%." + digits + "f <span class=\"pm\">±\u00a0%." + digits + "f</span>",
                factor * estimate.value(),
                error);
    }

    static String bytes(long bytes) {
        return bytes < 1 << 30 ? format("%.1f MiB", bytes / 1048576.0) : format("%.2f GiB", bytes / 1073741824.0);
    }
}
