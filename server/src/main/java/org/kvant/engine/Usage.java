package org.kvant.engine;

/**
 * Token counts of one request.
 *
 * @param promptTokens tokens of the prompt, cached ones included
 * @param cachedTokens prompt tokens whose cells were still in the cache and weren't computed again
 * @param completionTokens sampled tokens, an end-of-generation token included (as llama-server counts)
 */
public record Usage(int promptTokens, int cachedTokens, int completionTokens) {
    public int totalTokens() {
        return promptTokens + completionTokens;
    }
}
