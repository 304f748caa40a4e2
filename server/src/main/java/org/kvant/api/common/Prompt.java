package org.kvant.api.common;

/** One prompt of {@code /v1/completions}. */
public sealed interface Prompt {
    /** Text to be tokenized; may be empty. */
    record Text(String text) implements Prompt {}

    /** Token ids, at least one, none negative; whether the model knows them is for the caller to check. Not copied. */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares prompts, and they are long
    record Tokens(int[] ids) implements Prompt {}
}
