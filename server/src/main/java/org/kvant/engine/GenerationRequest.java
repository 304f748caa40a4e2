package org.kvant.engine;

import java.util.List;

/**
 * One text to continue.
 *
 * @param id names the request in logs and listener events; need not be unique
 * @param promptTokens the prompt, at least one token; copied
 * @param sampling how tokens are chosen
 * @param maxTokens at most so many tokens are sampled; {@value #UNLIMITED} goes on to the end of the sequence's context; 0 only computes the prompt
 * @param stop strings that end the text and aren't part of it; none may be empty
 * @param ignoreEos end-of-generation tokens are never sampled
 * @param reusePrefix whether cells that an earlier request left may be used (llama-server's {@code cache_prompt})
 */
public record GenerationRequest(
        String id,
        int[] promptTokens,
        SamplingOptions sampling,
        int maxTokens,
        List<String> stop,
        boolean ignoreEos,
        boolean reusePrefix) {

    public static final int UNLIMITED = -1;

    /** @throws IllegalArgumentException for a token limit under -1 or an empty stop string */
    public GenerationRequest {
        promptTokens = promptTokens.clone();
        stop = List.copyOf(stop);
        if (maxTokens < UNLIMITED) {
            throw new IllegalArgumentException("max_tokens must be -1 (no limit) or more, not " + maxTokens);
        }
        for (String s : stop) {
            if (s.isEmpty()) {
                throw new IllegalArgumentException("A stop string must not be empty");
            }
        }
    }

    /** A copy. */
    @Override
    public int[] promptTokens() {
        return promptTokens.clone();
    }

    /** The array itself, for the engine, which doesn't change it. */
    int[] tokens() {
        return promptTokens;
    }

    public static Builder builder(String id, int[] promptTokens) {
        return new Builder(id, promptTokens);
    }

    /** Default sampling, no limit, no stop strings. */
    public static final class Builder {
        private final String id;
        private final int[] promptTokens;
        private SamplingOptions sampling = SamplingOptions.DEFAULT;
        private int maxTokens = UNLIMITED;
        private List<String> stop = List.of();
        private boolean ignoreEos;
        private boolean reusePrefix = true;

        private Builder(String id, int[] promptTokens) {
            this.id = id;
            this.promptTokens = promptTokens;
        }

        public Builder sampling(SamplingOptions value) {
            sampling = value;
            return this;
        }

        public Builder maxTokens(int value) {
            maxTokens = value;
            return this;
        }

        public Builder stop(List<String> value) {
            stop = value;
            return this;
        }

        public Builder stop(String... values) {
            stop = List.of(values);
            return this;
        }

        public Builder ignoreEos(boolean value) {
            ignoreEos = value;
            return this;
        }

        public Builder reusePrefix(boolean value) {
            reusePrefix = value;
            return this;
        }

        public GenerationRequest build() {
            return new GenerationRequest(id, promptTokens, sampling, maxTokens, stop, ignoreEos, reusePrefix);
        }
    }
}
