package org.kvant.cli.terminal;

import java.util.stream.Collectors;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.KvCache;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A type that a KV cache can have, by ggml's name. */
public final class CacheTypeConverter implements ITypeConverter<GgmlType> {
    public static final String NAMES =
            KvCache.TYPES.stream().map(GgmlType::ggmlName).collect(Collectors.joining(", "));

    @Override
    public GgmlType convert(String name) {
        return GgmlType.ofName(name)
                .filter(KvCache.TYPES::contains)
                .orElseThrow(() -> new TypeConversionException("'" + name + "' is no type of a cache; use " + NAMES));
    }
}
