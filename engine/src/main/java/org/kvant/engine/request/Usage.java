package org.kvant.engine.request;

/**
 * Token counts of one request.
 *
 * @param promptTokens tokens of the prompt, cached ones included
 * @param cachedTokens prompt tokens whose cells were still in the cache and weren't computed again
 * @param completionTokens sampled tokens, an end-of-generation token included (as llama-server counts)
 * @param draftedTokens tokens that were guessed ahead
 * @param acceptedTokens guessed tokens that came true
 */
public record Usage(int promptTokens, int cachedTokens, int completionTokens, int draftedTokens, int acceptedTokens) {
    /** Without guesses. */
    public Usage(int promptTokens, int cachedTokens, int completionTokens) {
        this(promptTokens, cachedTokens, completionTokens, 0, 0);
    }

    public int totalTokens() {
        return promptTokens + completionTokens;
    }
}
