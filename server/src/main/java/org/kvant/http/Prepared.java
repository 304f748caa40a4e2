package org.kvant.http;

import java.util.List;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.openai.ResponseHead;

/**
 * A request that was understood, tokenized and found to fit.
 *
 * @param head of the answer
 * @param requests what is to be generated: for each prompt in turn {@code bestOf} texts
 * @param n texts that are sent for each prompt
 * @param bestOf texts that are generated for each prompt
 * @param echoes one for each prompt; empty if prompts aren't sent back
 * @param labels the texts of tokens, for log probabilities
 * @param logprobs whether log probabilities are sent
 */
record Prepared(
        ResponseHead head,
        List<GenerationRequest> requests,
        int n,
        int bestOf,
        List<EchoedPrompt> echoes,
        TokenLabels labels,
        boolean logprobs,
        boolean stream,
        boolean includeUsage) {}
