package org.kvant.convert;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** A parameter count as {@code 135M} or {@code 5.8M}: at least two digits. */
final class SizeLabel {
    private SizeLabel() {}

    static String of(long parameters) {
        double scaled;
        char unit;
        if (parameters > 1e12) {
            scaled = parameters * 1e-12;
            unit = 'T';
        } else if (parameters > 1e9) {
            scaled = parameters * 1e-9;
            unit = 'B';
        } else if (parameters > 1e6) {
            scaled = parameters * 1e-6;
            unit = 'M';
        } else {
            scaled = parameters * 1e-3;
            unit = 'K';
        }
        long whole = (long) Math.rint(scaled);
        int digits = whole == 0 ? 0 : Long.toString(whole).length();
        int decimals = Math.max(2 - digits, 0);
        // Python rounds the exact binary value, ties to even; so does this.
        return new BigDecimal(scaled).setScale(decimals, RoundingMode.HALF_EVEN).toPlainString() + unit;
    }
}
