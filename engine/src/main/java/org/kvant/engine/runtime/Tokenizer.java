package org.kvant.engine.runtime;

/** Text to tokens and back. Thread-safe; throws {@link IllegalStateException} once the engine is closed. */
public interface Tokenizer {
    /**
     * @param text any Unicode text
     * @param addSpecial whether the model's own BOS/EOS rules apply
     * @param parseSpecial whether the text of special tokens (as {@code <|im_start|>}) becomes that token rather than plain text
     */
    int[] tokenize(String text, boolean addSpecial, boolean parseSpecial);

    /**
     * Tokens of a prompt as llama-server makes them for {@code /completions} and for a rendered chat template: with the model's BOS and with
     * special tokens parsed. A prompt that begins with the BOS token's own text, as many chat templates do, gets it once only.
     */
    int[] tokenizePrompt(String text);

    /** The text of tokens, special ones included; bytes that aren't UTF-8 become U+FFFD. */
    String detokenize(int[] tokens);

    /** One token's own bytes, a special token's text included; may be a part of a character. */
    byte[] piece(int token);

    /** Number of tokens; ids go from 0 to one less. */
    int vocabularySize();
}
