package org.kvant.cli.terminal;

import org.kvant.model.ByteSize;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Bytes with a unit: {@code 512MiB}, {@code 1.5 GiB}, {@code 2GB}. */
public final class MemorySizeConverter implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
        try {
            return ByteSize.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException("'" + text + "' is not a size such as 512MiB or 2GiB");
        }
    }
}
