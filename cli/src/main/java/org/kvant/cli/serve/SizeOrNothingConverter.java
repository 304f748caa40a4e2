package org.kvant.cli.serve;

import org.kvant.cli.terminal.MemorySizeConverter;
import picocli.CommandLine.ITypeConverter;

/** As {@link MemorySizeConverter}, and 0. */
final class SizeOrNothingConverter implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
        return text.strip().equals("0") ? Long.valueOf(0) : new MemorySizeConverter().convert(text);
    }
}
