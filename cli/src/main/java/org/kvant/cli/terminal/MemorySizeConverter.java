package org.kvant.cli.terminal;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Bytes with a unit: {@code 512MiB}, {@code 1.5 GiB}, {@code 2GB}. */
public final class MemorySizeConverter implements ITypeConverter<Long> {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?)\\s*([KMGT]?)(I?)B?");

    @Override
    public Long convert(String text) {
        Matcher matcher = SIZE.matcher(text.strip().toUpperCase(Locale.ROOT));
        if (matcher.matches()) {
            int power = matcher.group(2).isEmpty() ? 0 : 1 + "KMGT".indexOf(matcher.group(2));
            double unit = Math.pow(matcher.group(3).isEmpty() ? 1000 : 1024, power);
            double bytes = Double.parseDouble(matcher.group(1)) * unit;
            if (bytes >= 1 && bytes < Long.MAX_VALUE) {
                return (long) bytes;
            }
        }
        throw new TypeConversionException("'" + text + "' is not a size such as 512MiB or 2GiB");
    }
}
