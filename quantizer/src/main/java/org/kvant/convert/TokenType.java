package org.kvant.convert;

import java.util.List;

/** {@code tokenizer.ggml.token_type}, as llama.h's {@code llama_token_type}. */
final class TokenType {
    static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int UNUSED = 5;
    static final int BYTE = 6;

    private static final List<String> KNOWN_CONTROL = List.of("<pad>", "<mask>", "<2mass>", "[@BOS@]");

    private TokenType() {}

    /**
     * Whether an added token that is not marked special is one nevertheless: some models leave the mark out. The same
     * names as the reference's {@code does_token_look_special}.
     */
    static boolean looksSpecial(String token) {
        return KNOWN_CONTROL.contains(token)
                || token.startsWith("<|") && token.endsWith("|>")
                || token.startsWith("<｜") && token.endsWith("｜>")
                || token.startsWith("<unused") && token.endsWith(">");
    }
}
