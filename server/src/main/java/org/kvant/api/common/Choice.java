package org.kvant.api.common;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One finished text.
 *
 * @param text may be empty
 * @param finishReason stop or length
 * @param logprobs of the text's tokens; null if they weren't asked for
 */
public record Choice(
        String text, String finishReason, @Nullable List<LoggedToken> logprobs) {
    public Choice(String text, String finishReason) {
        this(text, finishReason, null);
    }
}
