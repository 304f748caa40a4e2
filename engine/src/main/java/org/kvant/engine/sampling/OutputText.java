package org.kvant.engine.sampling;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.TokenLogprob;

/** What one request's tokens become: text up to a stop string, and log probabilities that go out with it. Belongs to the decode thread. */
public final class OutputText {
    /** Log probabilities of sampled tokens whose text is held back. */
    private final LogprobQueue logprobs = new LogprobQueue();

    private final TextAssembler text;
    /** By position minus 1: the first token has none. */
    private final @Nullable TokenLogprob @Nullable [] prompt;

    public OutputText(GenerationRequest request) {
        text = new TextAssembler(request.stop());
        prompt = request.wantsPromptOutputs() ? new TokenLogprob[request.tokens().length - 1] : null;
    }

    public TextAssembler text() {
        return text;
    }

    public LogprobQueue logprobs() {
        return logprobs;
    }

    /** Whether log probabilities of the prompt are wanted. */
    public boolean wantsPrompt() {
        return prompt != null;
    }

    /** Whether the prompt token behind {@code position} has a log probability that is wanted. */
    public boolean wantsPrompt(int position) {
        return prompt != null && position < prompt.length;
    }

    public void prompt(int position, TokenLogprob logprob) {
        if (prompt != null) {
            prompt[position] = logprob;
        }
    }

    /** Those of the prompt, all of which are known by now, by position minus 1. */
    public List<TokenLogprob> prompt() {
        return prompt == null ? List.of() : List.copyOf(Arrays.asList(prompt));
    }
}
