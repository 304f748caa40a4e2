package org.kvant.llama.checks;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.ValueType;
import org.kvant.model.HyperParameters;

/** What llama.cpp asserts of a vocabulary while loading it, or relies on while tokenizing. */
final class VocabularyCheck {
    private static final String MODEL = "tokenizer.ggml.model";
    private static final String TOKENS = "tokenizer.ggml.tokens";
    private static final String SENTENCE_PIECE = "llama";

    /** Those of decoders. The others are of encoders, or for models without text. */
    private static final Set<String> KINDS = Set.of(SENTENCE_PIECE, "gpt2", "gemma4", "plamo2", "rwkv", "hybriddna");

    private VocabularyCheck() {}

    static void check(Metadata metadata) throws GgufException {
        String kind = metadata.string(MODEL);
        if (!KINDS.contains(kind)) {
            throw HyperParameters.bad(MODEL, "is '" + kind + "', not a vocabulary that text is generated with");
        }
        MetaArray tokens = metadata.array(TOKENS);
        if (tokens.elementType() != ValueType.STRING) {
            throw HyperParameters.bad(TOKENS, "is not an array of strings");
        }
        if (tokens.size() == 0) {
            throw HyperParameters.bad(TOKENS, "is empty");
        }
        Set<String> texts = distinct(tokens);
        if (kind.equals(SENTENCE_PIECE)) {
            requireBytes(texts);
        } else if (kind.equals("rwkv") && !texts.contains("\\n")) {
            throw HyperParameters.bad(TOKENS, "has no token for a line break");
        }
    }

    /**
     * Asserted while loading. What counts is the text that llama.cpp sees: up to a NUL, and made up when empty. One character here
     * is one byte there: strings of Latin-1 are hashed faster than anything else before code is compiled.
     */
    private static Set<String> distinct(MetaArray tokens) throws GgufException {
        Set<String> texts = HashSet.newHashSet(tokens.size());
        for (int i = 0; i < tokens.size(); i++) {
            String text = new String(tokens.bytes(i), StandardCharsets.ISO_8859_1);
            int end = text.indexOf(0);
            if (end >= 0) {
                text = text.substring(0, end);
            }
            if (!texts.add(text.isEmpty() ? "[EMPTY_" + i + "]" : text)) {
                throw HyperParameters.bad(TOKENS, "has the token at index " + i + " twice");
            }
        }
        return texts;
    }

    /** Text that is in no piece is spelled in bytes; a byte that is missing would be an exception through C. */
    private static void requireBytes(Set<String> texts) throws GgufException {
        for (int b = 0; b < 256; b++) {
            String name = "<0x%02X>".formatted(b);
            if (!texts.contains(name) && !texts.contains(String.valueOf((char) b))) {
                throw HyperParameters.bad(TOKENS, "has no token " + name + ", so some texts could not be tokenized");
            }
        }
    }
}
