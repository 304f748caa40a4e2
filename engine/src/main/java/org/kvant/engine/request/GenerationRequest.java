package org.kvant.engine.request;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.grammar.Grammar;

/**
 * One text to continue.
 *
 * @param id names the request in logs and listener events; need not be unique
 * @param promptTokens the prompt, at least one token; copied
 * @param sampling how tokens are chosen
 * @param maxTokens at most so many tokens are sampled; {@value #UNLIMITED} goes on to the end of the sequence's context; 0 only computes the prompt
 * @param minTokens before so many tokens are sampled, neither end-of-generation tokens nor {@code stopTokens} are
 * @param stop strings that end the text and aren't part of it; none may be empty
 * @param stopTokens tokens that end the text and aren't part of it
 * @param ignoreEos end-of-generation tokens are never sampled
 * @param grammar what the text must follow; null if anything
 * @param logprobs how many alternatives each sampled token's log probability comes with; {@value #NO_LOGPROBS} for no log probabilities
 * @param promptLogprobs the same for the prompt's tokens, which are then all computed: no prefix is reused
 * @param reusePrefix whether cells that other requests left may be used (llama-server's {@code cache_prompt})
 * @param cacheSalt cells are shared only among requests with the same one
 * @param group requests of the same group (by identity) share cells even without {@code reusePrefix}, as several choices for one prompt do
 * @param speculate whether tokens may be guessed from the text so far and checked together; changes speed only
 * @param keep prompt tokens that stay when the context is shifted, besides a BOS token that the vocabulary adds; {@value #WHOLE_PROMPT} for all
 * @param priority lower ones go first; with equal ones, who came first
 * @param timeout from the submit on; then the request is cancelled. Null for none
 */
public record GenerationRequest(
        String id,
        int[] promptTokens,
        SamplingOptions sampling,
        int maxTokens,
        int minTokens,
        List<String> stop,
        List<Integer> stopTokens,
        boolean ignoreEos,
        @Nullable Grammar grammar,
        int logprobs,
        int promptLogprobs,
        boolean reusePrefix,
        String cacheSalt,
        @Nullable Object group,
        boolean speculate,
        int keep,
        int priority,
        @Nullable Duration timeout)
        implements Work {

    public static final int UNLIMITED = -1;
    public static final int NO_LOGPROBS = -1;
    /** As {@code keep}: all of it. */
    public static final int WHOLE_PROMPT = -1;

    /** Alternatives are sorted out on the thread that every stream waits for. */
    public static final int MAX_LOGPROBS = 128;

    /** @throws IllegalArgumentException for a negative number where there can be none, an empty stop string or too many alternatives */
    public GenerationRequest {
        promptTokens = promptTokens.clone();
        stop = List.copyOf(stop);
        stopTokens = List.copyOf(stopTokens);
        if (maxTokens < UNLIMITED) {
            throw new IllegalArgumentException("max_tokens must be -1 (no limit) or more, not " + maxTokens);
        }
        if (minTokens < 0) {
            throw new IllegalArgumentException("min_tokens must be 0 or more, not " + minTokens);
        }
        if (Math.min(logprobs, promptLogprobs) < NO_LOGPROBS || Math.max(logprobs, promptLogprobs) > MAX_LOGPROBS) {
            throw new IllegalArgumentException("logprobs must be -1 (none) to " + MAX_LOGPROBS);
        }
        if (keep < WHOLE_PROMPT) {
            throw new IllegalArgumentException("n_keep must be -1 (the whole prompt) or more, not " + keep);
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

    @Override
    public int[] tokens() {
        return promptTokens;
    }

    public boolean wantsLogprobs() {
        return logprobs != NO_LOGPROBS;
    }

    @Override
    public boolean wantsPromptOutputs() {
        return promptLogprobs != NO_LOGPROBS;
    }

    public static Builder builder(String id, int[] promptTokens) {
        return new Builder(id, promptTokens);
    }

    /** Default sampling, no limit, no stop strings. */
    public static final class Builder {
        private final String id;
        private int[] promptTokens;
        private SamplingOptions sampling = SamplingOptions.DEFAULT;
        private int maxTokens = UNLIMITED;
        private int minTokens;
        private List<String> stop = List.of();
        private List<Integer> stopTokens = List.of();
        private boolean ignoreEos;
        private @Nullable Grammar grammar;
        private int logprobs = NO_LOGPROBS;
        private int promptLogprobs = NO_LOGPROBS;
        private boolean reusePrefix = true;
        private String cacheSalt = "";
        private @Nullable Object group;
        private boolean speculate = true;
        private int keep;
        private int priority;
        private @Nullable Duration timeout;

        private Builder(String id, int[] promptTokens) {
            this.id = id;
            this.promptTokens = promptTokens;
        }

        /** Another prompt. */
        public Builder prompt(int[] tokens) {
            promptTokens = tokens;
            return this;
        }

        public Builder sampling(SamplingOptions value) {
            sampling = value;
            return this;
        }

        public Builder maxTokens(int value) {
            maxTokens = value;
            return this;
        }

        public Builder minTokens(int value) {
            minTokens = value;
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

        public Builder stopTokens(List<Integer> value) {
            stopTokens = value;
            return this;
        }

        public Builder ignoreEos(boolean value) {
            ignoreEos = value;
            return this;
        }

        public Builder grammar(@Nullable Grammar value) {
            grammar = value;
            return this;
        }

        public Builder logprobs(int value) {
            logprobs = value;
            return this;
        }

        public Builder promptLogprobs(int value) {
            promptLogprobs = value;
            return this;
        }

        public Builder reusePrefix(boolean value) {
            reusePrefix = value;
            return this;
        }

        public Builder cacheSalt(String value) {
            cacheSalt = value;
            return this;
        }

        public Builder group(@Nullable Object value) {
            group = value;
            return this;
        }

        public Builder speculate(boolean value) {
            speculate = value;
            return this;
        }

        public Builder keep(int value) {
            keep = value;
            return this;
        }

        public Builder priority(int value) {
            priority = value;
            return this;
        }

        public Builder timeout(@Nullable Duration value) {
            timeout = value;
            return this;
        }

        public GenerationRequest build() {
            return new GenerationRequest(
                    id,
                    promptTokens,
                    sampling,
                    maxTokens,
                    minTokens,
                    stop,
                    stopTokens,
                    ignoreEos,
                    grammar,
                    logprobs,
                    promptLogprobs,
                    reusePrefix,
                    cacheSalt,
                    group,
                    speculate,
                    keep,
                    priority,
                    timeout);
        }
    }
}
