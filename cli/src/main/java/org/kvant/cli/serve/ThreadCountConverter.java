package org.kvant.cli.serve;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number of threads, or {@code auto}. */
final class ThreadCountConverter implements ITypeConverter<Integer> {
    /** What {@code auto} becomes. */
    static final int AUTO = Integer.MIN_VALUE;

    @Override
    public Integer convert(String text) {
        if (text.equals("auto")) {
            return AUTO;
        }
        try {
            return Integer.valueOf(text);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + text + "' is neither a number of threads nor auto");
        }
    }
}
