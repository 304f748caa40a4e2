package org.kvant.convert;

import java.util.Optional;

/**
 * How to convert.
 *
 * @param outType what matrices are stored as
 * @param preTokenizer llama.cpp's name of the pre-tokenizer for byte-level BPE; recognised from tokenizer.json if empty
 */
public record ConvertOptions(OutType outType, Optional<String> preTokenizer) {
    public ConvertOptions(OutType outType) {
        this(outType, Optional.empty());
    }
}
