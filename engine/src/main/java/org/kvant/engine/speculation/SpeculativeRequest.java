package org.kvant.engine.speculation;

import org.kvant.engine.cells.TokenList;

/** A running stream as speculative decoding sees it. Belongs to the decode thread. */
public interface SpeculativeRequest {
    /** Prompt and sampled tokens. */
    TokenList tokens();

    /** The number of its sequence. */
    int sequence();

    /** Only requests with the same salt share what a draft model has computed. */
    String cacheSalt();

    /** Whether the request allows it. */
    boolean speculates();

    /** The most tokens that may be proposed: the last one is sampled from the one before it, and nothing is to follow it. */
    int proposable();

    /** Tokens that it may still sample. */
    int remaining();

    /** What is known about its proposals. */
    Drafting drafting();
}
