package org.kvant.model;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write and read them: {@code 60MiB}, {@code 1.5GB}, {@code 91727136}. */
public final class ByteSize {
    private static final Pattern FORM = Pattern.compile("\\s*(\\d+(?:\\.\\d+)?)\\s*(?:([KMGT])(I)?)?B?\\s*");

    private ByteSize() {}

    /**
     * Bytes; K, M, G and T are powers of 1000, and with an i behind them of 1024. Fractions are cut off.
     *
     * @throws IllegalArgumentException if it is no positive size
     */
    public static long parse(String text) {
        Matcher matcher = FORM.matcher(text.toUpperCase(Locale.ROOT));
        if (matcher.matches()) {
            long base = matcher.group(3) == null ? 1000 : 1024;
            int power = matcher.group(2) == null ? 0 : "KMGT".indexOf(matcher.group(2)) + 1;
            BigDecimal bytes = new BigDecimal(matcher.group(1))
                    .multiply(BigDecimal.valueOf(base).pow(power));
            if (bytes.compareTo(BigDecimal.ONE) >= 0 && bytes.compareTo(BigDecimal.valueOf(1L << 60)) < 0) {
                return bytes.longValue();
            }
        }
        throw new IllegalArgumentException("'" + text + "' is not a size such as 60MiB, 1.5GB or 91727136");
    }

    /** Bytes in the largest binary unit that keeps at least one digit before the point: {@code 11.0 MiB}. */
    public static String text(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        String units = "KMGTPE";
        double value = bytes / 1024.0;
        int unit = 0;
        // 1023.95 would print as 1024.0.
        while (value >= 1024 - 0.05 && unit < units.length() - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %ciB", value, units.charAt(unit));
    }
}
