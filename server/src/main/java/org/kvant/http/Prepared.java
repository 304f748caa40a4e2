package org.kvant.http;

import java.util.List;
import org.kvant.engine.GenerationRequest;
import org.kvant.openai.ResponseHead;

/**
 * A request that was understood, tokenized and found to fit.
 *
 * @param head of the answer
 * @param requests one for each choice
 */
record Prepared(ResponseHead head, List<GenerationRequest> requests, boolean stream, boolean includeUsage) {}
