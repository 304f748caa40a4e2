package org.kvant.engine.request;

import java.util.List;

/**
 * Receives one generation's text. Called on the decode thread only: an implementation must not block, since every other stream waits for it,
 * and should hand over to its own thread. What it throws cancels this generation and no other.
 */
public interface TokenSink {
    /**
     * The next piece of text. Pieces never cut a Unicode character and never hold any part of a stop string that then comes true; a token
     * that makes no text (or only text that must be held back) makes no call.
     *
     * @param text not empty
     * @param tokenId the token that completed this text
     */
    void onText(String text, int tokenId);

    /**
     * As {@link #onText(String, int)}, if the request asked for log probabilities: with those of the tokens that this text ends. The text may be
     * empty here. End-of-generation tokens and what a stop string cuts off have none.
     */
    default void onText(String text, int tokenId, List<TokenLogprob> logprobs) {
        if (!text.isEmpty()) {
            onText(text, tokenId);
        }
    }

    /**
     * The log probabilities of the prompt, if they were asked for; once, before any text.
     *
     * @param logprobs one for each prompt token but the first, which nothing precedes
     */
    default void onPrompt(List<TokenLogprob> logprobs) {}

    /** The end; called exactly once for each admitted request, after the last {@link #onText}. */
    void onFinish(Finish finish);
}
