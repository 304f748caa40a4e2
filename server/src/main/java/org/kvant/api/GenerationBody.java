package org.kvant.api;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.GenerationParameters;
import org.kvant.api.common.Prompt;
import org.kvant.chat.Conversation;

/**
 * A generating request as its wire format's parser understood it.
 *
 * @param model null if the request leaves it out
 * @param parameters everything but the prompt
 */
public record GenerationBody(@Nullable String model, Input input, GenerationParameters parameters) {
    /** What is to be continued. */
    public sealed interface Input {}

    /**
     * Texts or tokens.
     *
     * @param prompts at least one; each makes one choice, with its index
     * @param echo whether a prompt comes before its text
     */
    public record Prompts(List<Prompt> prompts, boolean echo) implements Input {}

    /** A conversation, which becomes a prompt by the model's template. */
    public record Chat(Conversation conversation) implements Input {}
}
