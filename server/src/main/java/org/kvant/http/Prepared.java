package org.kvant.http;

import java.util.List;
import org.kvant.api.Dialect;
import org.kvant.api.common.ResponseHead;
import org.kvant.engine.request.GenerationRequest;

/**
 * A request that was understood, tokenized and found to fit.
 *
 * @param dialect writes the answer
 * @param head of the answer
 * @param requests what is to be generated: for each prompt in turn {@code bestOf} texts
 * @param n texts that are sent for each prompt
 * @param bestOf texts that are generated for each prompt
 * @param echoes one for each prompt; empty if prompts aren't sent back
 * @param labels the texts of tokens, for log probabilities
 * @param logprobs whether log probabilities are sent
 * @param bytes Java memory that the answer can come to
 */
record Prepared(
        Dialect dialect,
        ResponseHead head,
        List<GenerationRequest> requests,
        int n,
        int bestOf,
        List<EchoedPrompt> echoes,
        TokenLabels labels,
        boolean logprobs,
        boolean stream,
        boolean includeUsage,
        long bytes) {}
